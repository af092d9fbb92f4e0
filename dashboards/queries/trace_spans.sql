-- The spans of a trace, as far as its pictures need them. One row more than is shown tells that there are more.
SELECT
    span_id, parent_span_id, name, toString(operation) AS operation, service, toString(status) AS status, error_type,
    toUInt64(toUnixTimestamp64Nano(started_at)) AS start_ns, duration_ns,
    if(model_revision != '', model_revision, request_model) AS model, tool_name, agent_name,
    cost_usd, if(billable, input_tokens, NULL) AS input_tokens, if(billable, output_tokens, NULL) AS output_tokens,
    energy_kwh, billable, toString(usage_role) AS usage_role, ifNull(attempt, 0) AS attempt,
    tenant, user_id, session_id, task_id, task_outcome, feature, prompt_name, prompt_version,
    tool_arguments_hash, tool_result_hash, length(message_hashes) + length(output_hashes) AS said,
    length(retrieved_ids) AS retrieved
FROM spans
WHERE trace_id = {trace_id:String}
ORDER BY started_at, span_id
LIMIT {limit:UInt32}
