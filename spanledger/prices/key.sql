{# all that the formula reads: two spans with the same key have the same cost #}
{% set key %}
sipHash128(trace_id, span_id, started_at, provider, request_model, model_revision, service_tier, tenant, operation, flag_bits,
    {% for column in ['duration_ns', 'input_tokens', 'cached_input_tokens', 'cache_write_tokens', 'cache_write_1h_tokens',
        'output_tokens', 'reasoning_tokens', 'audio_input_tokens', 'audio_output_tokens'] -%}
    ifNull({{ column }}, 18446744073709551615), {% endfor %}
    ifNull(client_cost_usd, -1))
{% endset %}
