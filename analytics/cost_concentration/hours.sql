-- A few customers by the hour.
SELECT tenant, hour, sum(usage.calls) AS calls, sumKahan(usage.cost_usd) AS cost_usd
FROM usage_parts AS usage
WHERE hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}
    AND tenant IN {tenants:Array(String)} AND purpose NOT IN {own:Array(String)}
GROUP BY tenant, hour
ORDER BY tenant, hour
