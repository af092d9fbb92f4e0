SELECT tenant, toUInt64(count()) AS calls, countIf(status = 'error') AS errors, sum(cost_usd) AS usd
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND billable
GROUP BY tenant
ORDER BY tenant
