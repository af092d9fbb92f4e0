-- Settled traces of the range, and those that are still open are not among them.
SELECT
    trace_id, root_name, root_service, tenant, user_id, task_outcome,
    formatDateTime(started_at, '%Y-%m-%d %H:%i:%S', 'UTC') AS started, duration_ns, spans, llm_calls, tool_calls, errors,
    cost_usd, energy_kwh, unpriced_calls, repeated_tool_calls, resends
FROM traces
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND ({filtered:UInt8} = 0 OR trace_id IN (SELECT trace_id FROM spans
        WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND FILTER))
ORDER BY
    multiIf({order:String} = 'cost', ifNull(cost_usd, -1), {order:String} = 'duration', toFloat64(duration_ns),
        {order:String} = 'errors', toFloat64(errors), toFloat64(toUnixTimestamp(started_at))) DESC,
    started_at DESC
LIMIT {limit:UInt32}
