-- Settled traces of the same kind (service and name of the root) within a week, the most alike first. The distance counts
-- doublings: how often one must double or halve this trace's figures to come to the other's.
WITH
    (SELECT (root_service, root_name, started_at, ifNull(duration_ns, 0), ifNull(cost_usd, 0), llm_calls, tool_calls,
        retrievals, errors, resends + repeated_tool_calls)
    FROM traces WHERE trace_id = {trace_id:String} LIMIT 1) AS mine,
    arrayMap(x -> log2(1 + x), [mine.4 / 1e6, mine.5 * 1e6, mine.6, mine.7, mine.8, mine.9, mine.10]) AS figures
SELECT
    trace_id, tenant, task_outcome, formatDateTime(started_at, '%Y-%m-%d %H:%i:%S', 'UTC') AS started, duration_ns, spans,
    llm_calls, tool_calls, errors, resends + repeated_tool_calls AS repeats, cost_usd, energy_kwh, root_service, root_name,
    arraySum(arrayMap((mine, other) -> ifNull(abs(mine - other), 0), figures, arrayMap(x -> log2(1 + x), [
        ifNull(duration_ns, 0) / 1e6, ifNull(cost_usd, 0) * 1e6, toFloat64(llm_calls), toFloat64(tool_calls),
        toFloat64(retrievals), toFloat64(errors), toFloat64(resends + repeated_tool_calls)]))) AS distance,
    count() OVER () AS kind
FROM traces
WHERE started_at >= mine.3 - INTERVAL 7 DAY AND started_at < mine.3 + INTERVAL 7 DAY
    AND root_service = mine.1 AND root_name = mine.2 AND trace_id != {trace_id:String}
ORDER BY distance, started DESC, trace_id
LIMIT {limit:UInt32}
