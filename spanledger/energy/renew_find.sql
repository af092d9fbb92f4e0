INSERT INTO renewed
SELECT trace_id, toStartOfHour(started_at) AS hour, count()
FROM spans
WHERE {% include 'differs.jinja' %}
GROUP BY trace_id, hour
