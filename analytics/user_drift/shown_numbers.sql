SELECT toDate(started_at) AS day, count() AS calls, quantile(0.1)({{ column }}) AS p10, quantile(0.5)({{ column }}) AS median,
    quantile(0.9)({{ column }}) AS p90
FROM spans
WHERE started_at >= {{ since }} AND started_at < {{ until }} AND billable AND operation IN ('chat', 'completion')
    {%- for name, value in where %}
    AND {{ name }} = {{ value }}
    {%- endfor %}
    AND {{ column }} > 0
GROUP BY day
ORDER BY day
