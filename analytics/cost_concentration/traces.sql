-- The dearest traces of a few customers, each in one hour of its own.
SELECT tenant, trace_id, sumKahan(spans.cost_usd) AS trace_usd
FROM spans
WHERE billable AND spans.cost_usd > 0
    AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND toStartOfHour(started_at) IN {hours:Array(DateTime('UTC'))}
    AND (tenant, toStartOfHour(started_at)) IN arrayZip({tenants:Array(String)}, {hours_of_tenants:Array(DateTime('UTC'))})
    AND purpose NOT IN {own:Array(String)}
GROUP BY tenant, trace_id
ORDER BY tenant, trace_usd DESC, trace_id
LIMIT 5 BY tenant
