-- What each span says, as numbers and names: who answered, how many tokens, which messages.
{%- macro tokens(column) %}if(toUInt64OrNull({{ column }}) <= 1000000000, toUInt64OrNull({{ column }}), NULL){% endmacro %}
{%- macro of_events(column) %}concat('[', arrayStringConcat(arrayMap(
            e -> replaceOne(concat('{"event":', JSONExtractRaw(e, 'name'), ',', substring(JSONExtractRaw(e, 'attributes'), 2)), ',}', '}'),
            arrayFilter(e -> has({{ mapping.message_events(column) }}, JSONExtractString(e, 'name')),
                JSONExtractArrayRaw(whole.said_events))), ','), ']'){% endmacro %}
{%- macro family(column) %}concat('[', arrayStringConcat(arrayFilter((p, x) -> x.1 = {{ mapping.columns[column] }}, pieces, listed)), ']'){% endmacro %}
{%- set always = 'whole, keys, texts, event_names, ids, foreign, values, span_kind, slots' %}
{#- What the span says, as text; attributes with an index in their name have the column of their family. #}
{%- set query %}(SELECT {{ always }},
    all_ids[indexOf(slots, {{ mapping.columns.input_tokens }})] AS input_key,
    {{ mapping.value('operation') }} AS operation_text,
    {{ mapping.value('provider') }} AS provider_text,
    {{ mapping.value('request_model') }} AS request_text,
    {{ mapping.value('either_model') }} AS either_text,
    {{ mapping.value('response_model') }} AS response_text,
    {{ mapping.value('error_type') }} AS error_text,
    {{ mapping.value('content_input') }} AS input_value,
    {{ mapping.value('content_output') }} AS output_value,
    {{ mapping.value('tool_name') }} AS tool,
    {{ mapping.value('input_tokens') }} AS input_text,
    {{ mapping.value('cached_input_tokens') }} AS cached_text,
    {{ mapping.value('cache_write_tokens') }} AS write_text,
    {{ mapping.value('output_tokens') }} AS output_text,
    {{ mapping.value('reasoning_tokens') }} AS reasoning_text,
    if(foreign, {{ tokens(mapping.value('cache_write_1h_tokens')) }}, NULL) AS written_1h,
    toFloat64OrNull({{ mapping.value('client_cost_usd') }}) AS client_cost,
    if(foreign, arrayMap(k -> {{ mapping.family_of('k') }}, keys), []) AS families
    FROM mapped_spans){% endset %}
{#- What single texts mean, and members of families in order. #}
{%- set query %}(SELECT {{ always }}, input_key, operation_text, provider_text, request_text, input_value, output_value, tool, written_1h,
    client_cost, families,
    {{ mapping.operation('span_kind', 'operation_text', "substringIndex(whole.name, ' ', 1)") }} AS said_operation,
    {{ mapping.provider('provider_text') }} AS said_provider,
    multiIf(request_text != '', request_text, either_text != '', either_text, response_text) AS model,
    if(response_text != '', response_text, either_text) AS revision,
    multiIf(error_text != '', error_text,
        has(event_names, 'exception'), JSONExtractString(
            arrayFirst(x -> JSONExtractString(x, 'name') = 'exception', JSONExtractArrayRaw(whole.said_events)),
            'attributes', 'exception.type'),
        '') AS final_error,
    multiIf(
        whole.status_code > 2, 0,
        whole.status_code = 0 AND foreign AND ({{ mapping.value('level') }} = 'ERROR' OR {{ mapping.value('success') }} = 'false'), 2,
        whole.status_code) AS final_status,
    whole.start_ns BETWEEN whole.accepted_ns - 315360000000000000 AND whole.accepted_ns + 86400000000000 AS start_ok,
    {{ tokens('input_text') }} AS raw_input,
    {{ tokens('cached_text') }} AS cached,
    {{ tokens('output_text') }} AS raw_output,
    {{ tokens('reasoning_text') }} AS reasoning,
    multiIf(
        write_text != '' OR NOT foreign, {{ tokens('write_text') }},
        {{ mapping.value('cache_write_rest_tokens') }} = '' AND {{ mapping.value('cache_write_5m_tokens') }} = '' AND written_1h IS NULL, NULL,
        toUInt64OrZero({{ mapping.value('cache_write_rest_tokens') }}) + toUInt64OrZero({{ mapping.value('cache_write_5m_tokens') }})
            + ifNull(written_1h, 0)) AS written,
    (input_text != '') * 32 + (cached_text != '') * 64 + (write_text != '') * 128 + (output_text != '') * 256
        + (reasoning_text != '') * 512 AS said_bits,
    if(NOT arrayExists(f -> f > 0, families), [], arraySort(x -> (x.1, x.2, x.3), arrayMap(
        (f, k, t) -> (f, toUInt32OrZero(extract(toString(k), '\\.(\\d+)\\.')),
            replaceRegexpOne(toString(k), '^.*?\\.\\d+\\.(?:message\\.|document\\.|tool\\.|prompt\\.)?', ''), t),
        arrayFilter(f -> f > 0, families), arrayFilter((k, f) -> f > 0, keys, families),
        arrayFilter((t, f) -> f > 0, texts, families)))) AS listed
    FROM {{ query }}){% endset %}
{#- Who answered what; members of families as pieces of JSON, one object an index. #}
{%- set query %}(SELECT {{ always }}, input_key, provider_text, request_text, input_value, output_value, tool, written_1h, client_cost,
    families, said_provider, model, revision, final_error, final_status, start_ok, raw_input, cached, raw_output, reasoning, written, listed,
    start_ok AND whole.end_ns BETWEEN whole.start_ns AND whole.start_ns + 31536000000000000 AS end_ok,
    ifNull(cached, 0) + ifNull(written, 0) AS cached_and_written,
    raw_input IS NOT NULL OR raw_output IS NOT NULL AS counted,
    multiIf(said_provider != '' OR model = '' AND NOT foreign, said_provider,
        foreign AND {{ mapping.default_provider('span_kind') }} != '', {{ mapping.default_provider('span_kind') }},
        {{ mapping.provider_of_model('model') }}) AS final_provider,
    multiIf(
        said_operation != 255, said_operation,
        operation_text != '', 0,
        raw_input IS NOT NULL OR raw_output IS NOT NULL, 1,
        tool != '', 6,
        0) AS final_operation,
    bitAnd(said_bits, (raw_input IS NULL) * 32 + (cached IS NULL) * 64 + (written IS NULL) * 128 + (raw_output IS NULL) * 256
        + (reasoning IS NULL) * 512) AS token_bits,
    if(empty(listed), [], arrayMap((x, before, after) -> concat(
            multiIf(before.1 != x.1, '{', before.2 != x.2, ',{', ','), toJSONString(x.3), ':',
            if(x.3 IN ('metadata', 'json_schema') AND startsWith(x.4, '{'), x.4, toJSONString(x.4)),
            if(after.1 = x.1 AND after.2 = x.2, '', '}')),
        listed, arrayPopBack(arrayPushFront(listed, (0, 0, '', ''))), arrayPopFront(arrayPushBack(listed, (0, 0, '', ''))))) AS pieces
    FROM {{ query }}){% endset %}
CREATE MATERIALIZED VIEW said_from_mapped TO said_spans AS
SELECT {{ always }}, provider_text, request_text, tool, written_1h, client_cost, families, said_provider, model, revision,
    final_error, final_status, start_ok, end_ok, raw_input, cached, raw_output, reasoning, written, cached_and_written, counted,
    final_provider, final_operation,
    {{ mapping.token_rule('span_kind', 'final_provider', 'input_key') }} AS rule,
    multiIf(
        has(families, {{ mapping.columns.content_input }}), {{ family('content_input') }},
        input_value != '', input_value,
        hasAny(event_names, {{ mapping.message_events('content_input') }}), {{ of_events('content_input') }},
        '') AS said_input,
    multiIf(
        has(families, {{ mapping.columns.content_output }}), {{ family('content_output') }},
        output_value != '', output_value,
        hasAny(event_names, {{ mapping.message_events('content_output') }}), {{ of_events('content_output') }},
        '') AS said_output,
    if(has(families, {{ mapping.columns.content_tools }}), {{ family('content_tools') }}, {{ mapping.value('content_tools') }}) AS definitions,
    if(has(families, {{ mapping.columns.documents }}), {{ family('documents') }}, '') AS listed_documents,
    toUInt16((length(whole.raw_trace_id) != 16 OR whole.raw_trace_id = repeat('\0', 16))
        + (length(whole.raw_span_id) != 8 OR whole.raw_span_id = repeat('\0', 8)) * 2
        + (length(whole.raw_parent_id) NOT IN (0, 8)) * 4
        + (1 - start_ok) * 8
        + (1 - end_ok) * 16
        + token_bits
        + has(keys, 'spanledger.problem') * 1024
        + (whole.raw_kind > 5) * 2048
        + (whole.status_code > 2) * 4096) AS wrong
    FROM {{ query }};
