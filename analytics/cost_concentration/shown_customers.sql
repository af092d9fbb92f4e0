SELECT tenant, sum(cost_usd) AS usd, sum(calls) AS calls, sum(unpriced_calls) AS unpriced
FROM usage_parts
WHERE hour >= {{ since }} AND hour < {{ until }} AND purpose NOT IN {{ own }} AND tenant != ''
GROUP BY tenant
ORDER BY usd DESC
