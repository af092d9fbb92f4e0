-- Settled traces by one of their columns, the group that was seen last first. Figures that no trace knows are null.
SELECT
    GROUP_KEY AS id,
    tenant,
    count() AS traces,
    uniqExactIf(user_id, user_id != '') AS users,
    uniqExactIf(session_id, session_id != '') AS sessions,
    uniqExactIf(task_id, task_id != '') AS tasks,
    min(started_at) AS first_at,
    max(started_at) AS last_at,
    sum(traces.spans) AS spans,
    sum(traces.llm_calls) AS llm_calls,
    sum(traces.tool_calls) AS tool_calls,
    sum(traces.errors) AS errors,
    sumMapIf(map(toString(task_outcome), toUInt64(1)), task_outcome != '') AS outcomes,
    sum(traces.input_tokens) AS input_tokens,
    sum(traces.output_tokens) AS output_tokens,
    sumKahan(traces.cost_usd) AS cost_usd,
    sum(traces.unpriced_calls) AS unpriced_calls,
    sumKahan(traces.energy_kwh) AS energy_kwh,
    sumKahan(traces.co2e_g) AS co2e_g
FROM traces
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND GROUP_KEY != '' AND ({id:String} = '' OR GROUP_KEY = {id:String})
    AND ({tenant:String} = '' OR tenant = {tenant:String})
    AND ({filtered:UInt8} = 0 OR trace_id IN (SELECT trace_id FROM spans
        WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND FILTER))
GROUP BY tenant, id
HAVING {paged:UInt8} = 0 OR (last_at, id, tenant) < ({before:DateTime64(9)}, {before_id:String}, {before_tenant:String})
ORDER BY last_at DESC, id DESC, tenant DESC
LIMIT {limit:UInt32}
