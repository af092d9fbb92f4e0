SELECT trace_id, sum(cost_usd) AS usd, count() AS calls, min(started_at) AS since, groupUniqArray(request_model) AS models
FROM spans
WHERE tenant = {{ tenant }} AND billable AND purpose NOT IN {{ own }}
    AND started_at >= {{ since }} AND started_at < {{ until }}
GROUP BY trace_id
ORDER BY usd DESC
LIMIT 100
