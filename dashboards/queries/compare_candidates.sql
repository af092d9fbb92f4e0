-- Settled traces that began as this one did, those nearest in time first.
SELECT trace_id, formatDateTime(started_at, '%Y-%m-%d %H:%i:%S', 'UTC') AS started, tenant, task_outcome, duration_ns,
    spans, errors, cost_usd
FROM traces
WHERE root_name = {root:String} AND trace_id != {trace_id:String}
    AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
ORDER BY abs(toUnixTimestamp64Milli(toDateTime64(started_at, 3)) - {at_ms:Int64})
LIMIT 25
