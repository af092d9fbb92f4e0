SELECT provider, if(model_revision != '', model_revision, request_model) AS model, status, input_tokens IS NULL AS no_input,
    output_tokens IS NULL AS no_output, count() AS calls, any(trace_id) AS a_trace
FROM spans
WHERE billable AND energy_kwh IS NULL AND started_at >= {{ since }} AND started_at < {{ until }}
GROUP BY ALL
ORDER BY calls DESC
LIMIT 100
