SELECT trace_id, span_id, started_at, if(model_revision != '', model_revision, request_model) AS model, input_tokens,
    output_tokens, energy_kwh, energy_factors, grid, co2e_g
FROM spans
WHERE billable AND started_at >= {{ since }} AND started_at < {{ until }}
    {%- for column, value in where %}
    AND {{ column }} = {{ value }}
    {%- endfor %}
ORDER BY co2e_g DESC
LIMIT 100
