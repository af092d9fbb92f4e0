SELECT
    toStartOfHour(started_at) AS hour,
    count() AS calls,
    countIf(spans.cached_input_tokens IS NOT NULL) AS reported,
    round(sum(spans.cached_input_tokens) / sumIf(spans.input_tokens, spans.cached_input_tokens IS NOT NULL), 4) AS hit_rate,
    sum(spans.input_tokens) - sum(ifNull(spans.cached_input_tokens, 0)) AS missed_tokens,
    sum(cost_input_usd) AS input_usd,
    any(trace_id) AS a_trace
FROM spans
WHERE billable
    AND started_at >= {{ since }} - INTERVAL 1 DAY
    AND started_at < {{ until }}
    {%- for column, value in where %}
    AND {{ column }} = {{ value }}
    {%- endfor %}
GROUP BY hour
ORDER BY hour
