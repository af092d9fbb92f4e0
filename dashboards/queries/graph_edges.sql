-- Who called whom (`nesting`) or what came next (`transition`) in settled traces of the range that have such a span.
SELECT from_kind, from_name, to_kind, to_name, sum(edges.count) AS calls, sum(edges.errors) AS errors,
    sum(edges.duration_ns) AS duration_ns, sum(edges.cost_usd) AS cost_usd, uniqExact(cityHash64(trace_id)) AS traces
FROM edges
WHERE type = {type:String} AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND ({filtered:UInt8} = 0 OR trace_id IN (SELECT trace_id FROM spans
        WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND FILTER))
GROUP BY from_kind, from_name, to_kind, to_name
ORDER BY cost_usd DESC NULLS LAST, calls DESC
LIMIT 1000
