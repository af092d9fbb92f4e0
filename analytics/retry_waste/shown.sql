SELECT started_at, trace_id, span_id, tenant, operation, prompt_name, request_model, tool_name, tool_arguments_hash,
    tool_result_hash, status, error_type, input_tokens, output_tokens, cost_usd
FROM spans
WHERE started_at >= {{ since }} AND started_at < {{ until }}
{%- if traces %}
    AND trace_id IN {{ traces }} AND (operation != 'other' OR attempt IS NOT NULL)
{%- else %}
    AND billable AND status = 'error'
{%- endif %}
ORDER BY trace_id, started_at
