-- What settling makes of the traces of jobs_spans.sql, by one statement: settling by itself is another bench.
INSERT INTO settled_traces (anchor, trace_id, version, settled_at, root_span_id, root_name, root_service, task_id,
    task_outcome, task_outcome_source, tenant, user_id, session_id, feature, purpose, environment, started_at, ended_at,
    duration_ns, spans, llm_calls, tool_calls, retrievals, errors, depth, input_tokens, cached_input_tokens,
    cache_write_tokens, output_tokens, cost_usd, energy_kwh, energy_kwh_low, energy_kwh_high, co2e_g, resends, failed_calls,
    repeated_tool_calls, models, prompt_versions, dialects, edges.type, edges.from_kind, edges.from_name, edges.to_kind,
    edges.to_name, edges.count, edges.errors, edges.duration_ns, edges.cost_usd)
SELECT
    toDateTime(min(nodes.begin) AS trace_begin), trace_id, 1, toDateTime64(trace_begin, 3, 'UTC') + INTERVAL 80 SECOND,
    max(nodes.root) AS trace_root, 'run', any(nodes.service), if(max(nodes.task) = '', trace_root, max(nodes.task)),
    if(max(nodes.outcome) = '', 'ok', max(nodes.outcome)), if(max(nodes.outcome) = '', 'status', 'attribute'),
    any(nodes.tenant), any(nodes.user), any(nodes.session), any(nodes.feature), any(nodes.purpose), 'production',
    trace_begin, trace_begin + toIntervalSecond(8), 8000000000,
    sum(nodes.spans), sumIf(nodes.spans, kind = 'chat'), sumIf(nodes.spans, kind = 'tool'), sumIf(nodes.spans, kind = 'retrieval'),
    sum(nodes.errors), 1, sum(nodes.input_tokens), sum(nodes.cached), sum(nodes.written), sum(nodes.output_tokens),
    sum(nodes.cost), sum(nodes.kwh), sum(nodes.kwh_low), sum(nodes.kwh_high), sum(nodes.co2e), sum(nodes.resends),
    sumIf(nodes.errors, kind = 'chat'), sumIf(nodes.spans - nodes.arguments, kind = 'tool'),
    arraySort(groupUniqArrayIf(node, kind = 'chat')), arraySort(arrayDistinct(arrayFlatten(groupArray(versions)))), ['otel'],
    groupArrayIf('nesting', kind != 'agent'), groupArrayIf('agent', kind != 'agent'), groupArrayIf(agent, kind != 'agent'),
    groupArrayIf(kind, kind != 'agent'), groupArrayIf(node, kind != 'agent'), groupArrayIf(nodes.spans, kind != 'agent'),
    groupArrayIf(nodes.errors, kind != 'agent'), groupArrayIf(nodes.duration, kind != 'agent'),
    groupArrayIf(tuple(nodes.cost), kind != 'agent').1
FROM
(
    SELECT
        trace_id, toString(operation) AS kind,
        multiIf(operation = 'chat', model_revision, operation = 'tool', tool_name, toString(name)) AS node,
        any(agent_name) AS agent, min(started_at) AS begin, any(spans.service) AS service, any(spans.tenant) AS tenant,
        any(user_id) AS user, any(session_id) AS session, any(task_id) AS task, any(spans.feature) AS feature,
        any(spans.purpose) AS purpose, max(task_outcome) AS outcome, max(if(parent_span_id = '', span_id, '')) AS root,
        toUInt32(count()) AS spans, toUInt32(countIf(status = 'error')) AS errors, toUInt32(uniqExact(tool_arguments_hash)) AS arguments,
        sum(duration_ns) AS duration, sum(spans.input_tokens) AS input_tokens, sum(cached_input_tokens) AS cached,
        sum(cache_write_tokens) AS written, sum(spans.output_tokens) AS output_tokens, sum(cost_usd) AS cost,
        sum(energy_kwh) AS kwh, sum(energy_kwh_low) AS kwh_low, sum(energy_kwh_high) AS kwh_high, sum(co2e_g) AS co2e,
        sum(ifNull(attempt, 0)) AS resends, groupUniqArrayIf(prompt_version, prompt_version != '') AS versions
    FROM spans
    WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} + INTERVAL 1 MINUTE
        AND trace_id IN (
            SELECT trace_id FROM spans
            WHERE parent_span_id = '' AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)})
    GROUP BY trace_id, kind, node
) AS nodes
GROUP BY trace_id
