SELECT toDate(hour) AS day, model, sum(cost_usd) AS usd, sum(calls) AS calls
FROM usage
WHERE tenant = {{ tenant }} AND hour >= {{ since }} AND hour < {{ until }} AND purpose NOT IN {{ own }}
GROUP BY day, model
ORDER BY day, model
