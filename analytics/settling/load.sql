-- The spans of a chunk of traces, found by their cells of time; a span that came twice counts once. What only tells which
-- spans are one call stays away (`load_calls`).
INSERT INTO settle_spans (* EXCEPT (scope, response_id, marked, winner, raw_input_tokens, cache_write_1h_tokens))
SELECT
    {run:UInt64},
    cityHash64(trace_id, span_id, ingested_at),
    cityHash64(trace_id) AS trace_hash,
    cityHash64(trace_id, span_id) AS id,
    if(parent_span_id IN ('', '0000000000000000'), 0, cityHash64(trace_id, parent_span_id)),
    bitShiftLeft(toUInt128(toUnixTimestamp64Nano(started_at)), 64) + reinterpretAsUInt64(reverse(unhex(span_id))),
    trace_id, span_id, name, service, environment, started_at, ingested_at,
    toUInt64(toUnixTimestamp64Nano(started_at)) AS start_ns,
    start_ns + ifNull(duration_ns, 0),
    status = 'error',
    toString(operation),
    multiIf(
        operation IN ('chat', 'completion', 'embeddings', 'rerank'),
            multiIf(model_revision != '', model_revision, request_model != '', request_model, name),
        operation = 'tool' AND tool_name != '', tool_name,
        operation = 'agent' AND agent_name != '', agent_name,
        operation = 'workflow' AND workflow != '', workflow,
        name),
    request_model, model_revision,
    if(prompt_version = '', '', if(prompt_name = '', prompt_version, concat(prompt_name, '@', prompt_version))),
    release, dialect,
    if(tools_hash = toFixedString('', 16), '', lower(hex(tools_hash))),
    tenant, user_id, session_id, task_id, task_outcome, feature, purpose, tool_name, tool_arguments_hash,
    ifNull(attempt, 0),
    toString(usage_role),
    bitTest(flag_bits, 5) AS from_rollup,
    billable,
    (usage_role = 'leaf' OR (usage_role = 'duplicate' AND duplicate_of != '')
        OR (usage_role = 'rollup' AND (input_tokens > 0 OR output_tokens > 0 OR client_cost_usd > 0))) = 1 AS holds,
    input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd, client_cost_usd,
    cost_status = 'unpriced',
    energy_kwh, energy_kwh_low, energy_kwh_high, co2e_g
FROM spans
WHERE intDiv(toUnixTimestamp64Nano(started_at), 10000000000) IN
    (
        SELECT DISTINCT arrayJoin(cells) FROM settle_due
        WHERE run = {run:UInt64} AND chunk = {chunk:UInt32}
    )
    AND cityHash64(trace_id) IN
    (
        SELECT trace_hash FROM settle_due WHERE run = {run:UInt64} AND chunk = {chunk:UInt32}
    )
    AND NOT (usage_role = 'duplicate' AND duplicate_of = span_id)
LIMIT 1 BY id
