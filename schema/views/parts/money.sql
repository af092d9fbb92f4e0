{#
What a call costs. This is the only place where money is computed: the view that prices new spans and the repricing of
stored ones both put `costs` over `priced`. Every level of SELECT * takes 3 ms an insert, so there are two of them, and
what is used more than once is bound as the argument of a lambda, inside the `if` that keeps it away from other spans.
#}
{% macro named(provider, name, otherwise) -%}
dictGetOrDefault('model_names', 'model_key', ({{ provider }}, {{ name }}), {{ otherwise }})
{%- endmacro %}
{% macro like(provider, name, otherwise) -%}
dictGetOrDefault('model_rules', 'model_key', concat({{ provider }}, ' ', {{ name }}), {{ otherwise }})
{%- endmacro %}
{% macro plan(scope, minute, otherwise) -%}
dictGetOrDefault('price_plans', 'plan', ({{ scope }}, model, mode, {{ minute }}), toDate(started_at), {{ otherwise }})
{%- endmacro %}

{# a name like openai/gpt-4o says itself where it is sold; what runs on own machines has no list price #}
{% set by_path -%}
arrayMap((path, slash) -> arrayMap((shop, sold) -> {{ named("shop", "sold", like("shop", "sold", "''")) }},
    [if(startsWith(seller, 'local/'), '?',
        dictGetOrDefault('price_providers', 'price_provider', substring(path, 1, slash - 1), '?'))],
    [substring(path, slash + 1)])[1],
[if(position(answered, '/') > 0, answered, asked)], [position(if(position(answered, '/') > 0, answered, asked), '/')])[1]
{%- endset %}

{# which model of the price list was called: by the user's mapping, by names spelled out, by patterns; first the model that
answered, then the one that was asked for #}
{% set model -%}
arrayMap((seller, answered, asked) -> {{
    named("'*'", "answered", named("seller", "answered", like("seller", "answered",
    named("'*'", "asked", named("seller", "asked", like("seller", "asked", by_path)))))) }},
[dictGetOrDefault('price_providers', 'price_provider', lower(provider), '')],
[lower(model_revision)], [lower(request_model)])[1]
{%- endset %}

{# the prices: agreed with this tenant, agreed for all, listed; a model may cost more at some hours #}
{% set hour -%}
dictGetOrDefault('price_hours', 'from_minute', model, toUInt16(intDiv(toUnixTimestamp(started_at) % 86400, 60)), toUInt16(0))
{%- endset %}
{% set mode = "transform(lower(service_tier), ['batch', 'flex', 'priority', 'fast'], ['batch', 'flex', 'priority', 'fast'], '')" %}
{% set rates -%}
arrayMap((model, mode) -> dictGet('price_rates', ('id', 'mode', 'input', 'cached', 'write', 'write_1h', 'output',
        'reasoning', 'audio_input', 'audio_cached', 'audio_output', 'request', 'second'),
    {{ plan("tenant", "toUInt16(0)", plan("'\\t*'", "toUInt16(0)", plan("'\\tlist'", hour, "toUInt64(0)"))) }},
    ifNull(input_tokens, 0)), [{{ model }}], [{{ mode }}])
{%- endset %}

{# `m` of a call: id of the price, whether the sum lacks a part, and the parts in USD, NULL where they are not known.
r is a price as in price_rates (1 id, 2 mode, 3 input, 4 cached, 5 write, 6 write_1h, 7 output, 8 reasoning, 9 audio_input,
10 audio_cached, 11 audio_output, 12 request, 13 second), with NaN where no price is known. Audio counts as cached only as
far as there is more of it than uncached input. #}
{% set nothing = "('', false, NULL, NULL, NULL, NULL)" %}
{% macro priced(source) -%}
SELECT *, if(billable, arrayMap((r, mode) -> arrayMap((input, cached, write, audio) -> (
    if(r.2 = mode OR r.1 = '', r.1, concat(r.1, ' (no price for ', mode, ')')),
    r.2 != mode
        OR isNaN(r.4) AND cached > 0
        OR if(r.13 > 0, duration_ns IS NULL,
            isNaN(r.3) OR input_tokens IS NULL OR isNaN(r.7) AND output_tokens > 0
            -- a model that only reads has no output to be paid
            OR output_tokens IS NULL AND NOT isNaN(r.7) AND operation NOT IN ('embeddings', 'rerank')),
    if(isNaN(r.3) OR input_tokens IS NULL, NULL, input * r.3 + r.12 + least(audio, input) * (r.9 - r.3)),
    if(isNaN(r.4) OR cached_input_tokens IS NULL, NULL,
        cached * r.4 + least(cached, greatest(audio - input, 0)) * (r.10 - r.4)),
    if(isNaN(r.5) OR cache_write_tokens IS NULL AND cache_write_1h_tokens IS NULL, NULL,
        write * r.5 + ifNull(cache_write_1h_tokens, 0) * (r.6 - r.5)),
    multiIf(r.13 > 0, duration_ns / 1000000000 * r.13, isNaN(r.7), NULL,
        output_tokens * r.7 + least(ifNull(reasoning_tokens, 0), output_tokens) * (r.8 - r.7)
        + least(ifNull(audio_output_tokens, 0), output_tokens) * (r.11 - r.7))),
[greatest(toFloat64(ifNull(input_tokens, 0)) - ifNull(cached_input_tokens, 0)
    - greatest(ifNull(cache_write_tokens, 0), ifNull(cache_write_1h_tokens, 0)), 0)],
[toFloat64(ifNull(cached_input_tokens, 0))],
[greatest(ifNull(cache_write_tokens, 0), ifNull(cache_write_1h_tokens, 0))],
[toFloat64(ifNull(audio_input_tokens, 0))])[1],
    {{ rates }}, [{{ mode }}])[1], {{ nothing }}) AS m
FROM {{ source }}
{%- endmacro %}

{# columns of a span to what fills them, over `priced`; bit 9 of flag_bits is cost_mismatch #}
{% set costs = {
    'cost_usd': "arrayReduce('sumOrNull', [m.3, m.4, m.5, m.6])",
    'cost_input_usd': "m.3",
    'cost_cached_usd': "m.4",
    'cost_write_usd': "m.5",
    'cost_output_usd': "m.6",
    'cost_status': "multiIf(NOT billable, 'none', m.1 = '', 'unpriced', m.2, 'partial', 'priced')",
    'price_row': "m.1",
    'flag_bits': "bitOr(bitAnd(flag_bits, bitNot(toUInt32(512))), if(client_cost_usd IS NULL OR m.2, 0,
        if(abs(1 - client_cost_usd / arrayReduce('sumOrNull', [m.3, m.4, m.5, m.6])) > 0.1, 512, 0)))",
} %}
