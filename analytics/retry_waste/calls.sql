-- The spans of suspicious traces. `request` says what was asked in all; `beginnings` are hashes of its messages, of all
-- and of all but the last one, two and three, so that one request is known to go on from another.
SELECT
    trace_id,
    span_id,
    parent_span_id,
    toString(operation) AS operation,
    toUnixTimestamp64Micro(started_at) AS began_us,
    toInt64(intDiv(ifNull(duration_ns, 0), 1000)) AS lasted_us,
    billable,
    if(usage_role = 'duplicate', duplicate_of, '') AS duplicate_of,
    status = 'error' OR error_type != '' AS failed,
    multiIf(error_type != '', error_type, error_kind != '', error_kind, status = 'error', 'error', '') AS error,
    error_kind,
    match(lower(concat(toString(error_type), ' ', substring(status_message, 1, 1000))),
        'valid|pars(e|ing)|schema|json|decod|output') AS malformed,
    if(attributes['http.response.status_code'] != '', attributes['http.response.status_code'],
        attributes['http.status_code']) AS http_status,
    ifNull(attempt, 0) AS attempt,
    toUInt16(countSubstringsCaseInsensitive(events_json, '"name":"retry') + countSubstrings(events_json, '"name":"gen_ai.retry'))
        AS retry_events,
    tenant, user_id, session_id, task_id, agent_name, feature, service, purpose, provider, prompt_name,
    if(request_model != '', request_model, model_revision) AS model,
    tool_name,
    tool_arguments_hash AS arguments,
    tool_result_hash AS result,
    attributes['gen_ai.output.type'] = 'json'
        OR attributes['gen_ai.openai.request.response_format'] LIKE 'json%'
        OR attributes['gen_ai.request.structured_output_schema'] != ''
        OR attributes['llm.request.structured_output_schema'] != ''
        OR attributes['ai.schema'] != '' AS structured,
    has(finish_reasons, 'tool_call') AS called_tool,
    input_tokens,
    if(output_tokens IS NULL, NULL, toInt64(output_tokens) - toInt64(ifNull(reasoning_tokens, 0))) AS visible_output_tokens,
    spans.cost_usd AS cost_usd,
    if(cost_input_usd IS NULL AND cost_cached_usd IS NULL AND cost_write_usd IS NULL, NULL,
        ifNull(cost_input_usd, 0) + ifNull(cost_cached_usd, 0) + ifNull(cost_write_usd, 0)) AS input_usd,
    cost_status = 'unpriced' AS unpriced,
    energy_kwh,
    time_to_first_token_ns IS NOT NULL AS answered,
    toUInt32(length(message_hashes)) AS messages,
    cityHash64(tools_hash, system_hash, message_hashes, model, ifNull(temperature, -1)) AS request,
    arrayMap(less -> cityHash64(arraySlice(message_hashes, 1, length(message_hashes) - less)),
        range(toUInt8(least(length(message_hashes), 4)))) AS beginnings,
    if(empty(message_hashes), '', lower(hex(message_hashes[-1]))) AS last_message,
    if(empty(output_hashes), 0, cityHash64(output_hashes)) AS output
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND cityHash64(trace_id) IN {traces:Array(UInt64)}
    AND usage_role != 'rollup'
ORDER BY operation = 'other' AND attempt IS NULL, trace_id, began_us, span_id
LIMIT {most:UInt32} BY trace_id
LIMIT {rows:UInt32}
