-- Encoded spans become named columns. Names of attributes and meanings of values are data: schema/mapping.
{%- macro tokens(column) %}if(toUInt64OrNull({{ column }}) <= 1000000000, toUInt64OrNull({{ column }}), NULL){% endmacro %}
{%- set content = [mapping.columns.content_input, mapping.columns.content_output, mapping.columns.content_tools, mapping.columns.content_system] %}
CREATE MATERIALIZED VIEW recognised_from_otlp TO recognised_spans AS
SELECT
    lower(hex(toFixedString(if(length(raw_trace_id) = 16, raw_trace_id, ''), 16))) AS trace_id,
    lower(hex(toFixedString(if(length(raw_span_id) = 8, raw_span_id, ''), 8))) AS span_id,
    lower(hex(toFixedString(if(length(raw_parent_id) = 8, raw_parent_id, ''), 8))) AS parent_span_id,
    name,
    if(raw_kind <= 5, raw_kind, 0) AS kind,
    service, scope, scope_version, scope_json,
    if({{ mapping.value('environment') }} != '', {{ mapping.value('environment') }}, environment) AS environment,
    region,
    fromUnixTimestamp64Nano(toInt64(if(start_ok, start_ns, accepted_ns)), 'UTC') AS started_at,
    if(end_ok, if(end_ok, end_ns - start_ns, 0), NULL) AS duration_ns,  -- no number left behind under a NULL
    final_status AS status,
    final_error AS error_type,
    if(status_message = '', {{ mapping.value('error_text') }}, status_message) AS status_message,
    final_operation AS operation,
    final_provider AS provider,
    final_model AS request_model,
    if(response_model != '', response_model, {{ mapping.value('either_model') }}) AS model_revision,
    {{ mapping.chosen('prompt_name') }}{{ mapping.value('prompt_name') }}{{ mapping.end('prompt_name') }} AS prompt_name,
    {{ mapping.chosen('prompt_version') }}{{ mapping.value('prompt_version') }}{{ mapping.end('prompt_version') }} AS prompt_version,
    multiIf(
        {{ mapping.value('prompt_hash') }} != '', {{ mapping.value('prompt_hash') }},
        template != '', lower(hex(sipHash128(template))),
        instructions != '' OR definitions != '', lower(hex(sipHash128(instructions, definitions))),
        prompt_name != '', lower(hex(sipHash128(prompt_name, prompt_version))),
        '') AS prompt_hash,
    {{ mapping.chosen('tenant') }}multiIf(tenant_id != '', tenant_id, foreign AND resource_tenant = '',
        JSONExtractString(resource, 'team.id'), resource_tenant){{ mapping.end('tenant') }} AS tenant,
    {{ mapping.chosen('user') }}{{ mapping.value('user_id') }}{{ mapping.end('user') }} AS user_id,
    {{ mapping.chosen('session') }}if(session != '' OR NOT foreign, session, JSONExtractString(resource, 'session.id')){{ mapping.end('session') }} AS session_id,
    {{ mapping.chosen('task') }}{{ mapping.value('task_id') }}{{ mapping.end('task') }} AS task_id,
    {{ mapping.chosen('task_outcome') }}{{ mapping.value('task_outcome') }}{{ mapping.end('task_outcome') }} AS task_outcome,
    {{ mapping.chosen('feature') }}{{ mapping.value('feature') }}{{ mapping.end('feature') }} AS feature,
    {{ mapping.chosen('purpose') }}{{ mapping.value('purpose') }}{{ mapping.end('purpose') }} AS purpose,
    {{ mapping.value('locale') }} AS locale,
    if(semantics IN (2, 4), raw_input + cached_and_written, raw_input) AS input_tokens,
    cached AS cached_input_tokens,
    written AS cache_write_tokens,
    if(reasoning_outside, raw_output + reasoning, raw_output) AS output_tokens,
    reasoning AS reasoning_tokens,
    final_tool AS tool_name,
    {{ mapping.value('tool_call_id') }} AS tool_call_id,
    if(arguments = '', '', lower(hex(sipHash64(arguments)))) AS tool_arguments_hash,
    if(result = '', '', lower(hex(sipHash64(result)))) AS tool_result_hash,
    multiIf(agent != '' OR NOT foreign OR final_operation != 7, agent,
        {{ mapping.value('entity_name') }} != '', {{ mapping.value('entity_name') }},
        kind_name IN ('langfuse', 'mlflow'), name, '') AS agent_name,
    if(documents = '', result_ids, arrayMap(d -> multiIf(d.id != '', d.id, d.metadata.id != '', d.metadata.id,
        d.metadata.doc_id != '', d.metadata.doc_id, d.metadata.doc_uri != '', d.metadata.doc_uri,
        d.metadata.chunk_id != '', d.metadata.chunk_id, d.metadata.source), found)) AS retrieved_ids,
    if(has(scores, NULL), [], scores) AS retrieved_scores,
    if({{ mapping.value('tries') }} != '', toUInt32OrNull({{ mapping.value('tries') }}) - 1,
        toUInt32OrNull({{ mapping.value('attempt') }})) AS attempt,
    if(reasons = '', [], arrayMap(r -> {{ mapping.finish_reason('r') }},
        if(startsWith(reasons, '['), JSONExtract(reasons, 'Array(String)'), [reasons]))) AS finish_reasons,
    multiIf(
        first_token_s != '', accurateCastOrNull(round(toFloat64OrNull(first_token_s) * 1000000000), 'UInt64'),
        hasAny(event_names, {{ mapping.first_token_events }}),
        accurateCastOrNull(toInt64(event_times[arrayFirstIndex(n -> has({{ mapping.first_token_events }}, n), event_names)])
            - toInt64(start_ns), 'UInt64'),
        NOT foreign, NULL,
        {{ mapping.value('first_token_ms') }} != '',
        accurateCastOrNull(round(toFloat64OrNull({{ mapping.value('first_token_ms') }}) * 1000000), 'UInt64'),
        {{ mapping.value('first_token_at') }} != '', accurateCastOrNull(toUnixTimestamp64Nano(parseDateTime64BestEffortOrNull(
            {{ mapping.value('first_token_at') }}, 9, 'UTC')) - toInt64(start_ns), 'UInt64'),
        streamed AND {{ mapping.value('first_token_streamed_s') }} != '',
        accurateCastOrNull(round(toFloat64OrNull({{ mapping.value('first_token_streamed_s') }}) * 1000000000), 'UInt64'),
        NULL) AS time_to_first_token_ns,
    if(span_kind IN ({{ mapping.kinds_where('invents_temperature') }}) AND toFloat64OrNull(warmth) = 1, NULL, toFloat64OrNull(warmth))
        AS temperature,
    {{ mapping.value('service_tier') }} AS service_tier,
    -- what has a column of its own leaves the map, and so do messages, which are kept once for all spans; unless
    -- something was wrong: then all of it stays, with the raw fields
    if(problem_bits = 0,
        mapFromArrays(arrayFilter((k, kept) -> kept, keys, keep), arrayFilter((t, kept) -> kept, own_texts, keep)),
        mapFromArrays(
            arrayConcat(keys, ['spanledger.raw.trace_id', 'spanledger.raw.span_id', 'spanledger.raw.parent_span_id',
                'spanledger.raw.start_time_unix_nano', 'spanledger.raw.end_time_unix_nano', 'spanledger.raw.kind',
                'spanledger.raw.status']),
            arrayConcat(own_texts,
                [lower(hex(raw_trace_id)), lower(hex(raw_span_id)), lower(hex(raw_parent_id)),
                toString(start_ns), toString(end_ns), toString(raw_kind), toString(status_code)]))) AS attributes,
    resource,
    said_events AS events_json,
    if(empty(link_spans), '', toJSONString(arrayMap((trace, span, attributes, last) -> CAST((
            lower(hex(trace)), lower(hex(span)),
            mapFromArrays(mapKeys(attributes), arraySlice(texts,
                length(texts) - arraySum(x -> length(x), link_attributes) + last - length(attributes) + 1,
                length(attributes)))),
            'Tuple(trace_id String, span_id String, attributes Map(LowCardinality(String), String))'),
        link_traces, link_spans, link_attributes, arrayCumSum(x -> length(x), link_attributes)))) AS links_json,
    trace_state,
    least(dropped, 4294967295) AS dropped_attributes,
    toUInt16((length(raw_trace_id) != 16 OR trace_id = '00000000000000000000000000000000')
        + (length(raw_span_id) != 8 OR span_id = '0000000000000000') * 2
        + (length(raw_parent_id) NOT IN (0, 8)) * 4
        + (1 - start_ok) * 8
        + (1 - end_ok) * 16
        + (input_text != '' AND raw_input IS NULL) * 32
        + (cached_text != '' AND cached IS NULL) * 64
        + (write_text != '' AND written IS NULL) * 128
        + (output_text != '' AND raw_output IS NULL) * 256
        + (reasoning_text != '' AND reasoning IS NULL) * 512
        + has(keys, 'spanledger.problem') * 1024
        + (raw_kind > 5) * 2048
        + (status_code > 2) * 4096) AS problem_bits,
    {{ mapping.dialect_name('span_kind') }} AS dialect,
    if(dialect = '', '', toString(scope_version)) AS dialect_version,
    if(counted, {{ mapping.rule_name('rule') }}, '') AS token_rule,
    semantics AS token_semantics,
    role AS usage_role,
    toUInt32(
        (cached_and_written > raw_input AND semantics = 4) * {{ mapping.flag('cached_over_input') }}
        + (semantics = 4) * {{ mapping.flag('input_mended') }}
        + (asked_model = '' AND final_model != '') * {{ mapping.flag('model_inferred') }}
        + (is_call AND final_status != 2 AND (raw_input IS NULL OR raw_output IS NULL AND final_operation IN (1, 2)))
            * {{ mapping.flag('usage_missing') }}
        + (span_kind IN ({{ mapping.kinds_where('estimates_streams') }}) AND counted AND streamed AND ifNull(cached, 0) = 0)
            * {{ mapping.flag('usage_estimated') }}
        + (dropped > 0) * {{ mapping.flag('attributes_dropped') }}
        + reasoning_outside * {{ mapping.flag('output_excluded_reasoning') }}
        + (said_provider = '' AND final_provider != '') * {{ mapping.flag('provider_inferred') }}) AS flag_bits,
    raw_input AS raw_input_tokens,
    if(role = 2, NULL, written_1h) AS cache_write_1h_tokens,
    {{ tokens(mapping.value('audio_input_tokens')) }} AS audio_input_tokens,
    {{ tokens(mapping.value('audio_output_tokens')) }} AS audio_output_tokens,
    {{ mapping.value('response_id') }} AS response_id,
    {{ mapping.value('request_tier') }} AS request_tier,
    if({{ mapping.value('provider_region') }} != '', {{ mapping.value('provider_region') }}, {{ mapping.region('server') }})
        AS provider_region,
    if(final_status = 2 OR final_error != '', {{ mapping.error_kind('problem') }}, '') AS error_kind,
    {{ mapping.value('workflow') }} AS workflow,
    if({{ mapping.value('release') }} != '', {{ mapping.value('release') }}, JSONExtractString(resource, 'service.version')) AS release,
    role = 1 AS billable,
    client_cost AS client_cost_usd,
    if(measured_kwh >= 0 AND isFinite(measured_kwh), measured_kwh, NULL) AS energy_kwh,
    if(energy_kwh IS NULL, 0, 1) AS energy_source,
    if(final_operation = 6, '', definitions) AS content_tools,
    if(final_operation = 6, '', instructions) AS content_system,
    if(final_operation = 6, '', multiIf(
        said_input = '', '', startsWith(said_input, '[') AND endsWith(said_input, ']'), said_input,
        NOT startsWith(said_input, '{'), concat('[', toJSONString(said_input), ']'),
        startsWith(JSONExtractRaw(said_input, 'messages') AS inner_messages, '['), inner_messages,
        concat('[', said_input, ']'))) AS content_input,
    if(final_operation = 6, '', multiIf(
        said_output = '', '', startsWith(said_output, '[') AND endsWith(said_output, ']'), said_output,
        NOT startsWith(said_output, '{'), concat('[', toJSONString(said_output), ']'),
        concat('[', said_output, ']'))) AS content_output,
    now64(3, 'UTC') AS ingested_at
FROM
(
    -- what the numbers mean, once it is known who says them
    SELECT
        *,
        ifNull(cached, 0) + ifNull(written, 0) AS cached_and_written,
        raw_input IS NOT NULL OR raw_output IS NOT NULL AS counted,
        {{ mapping.token_rule('span_kind', 'final_provider', 'input_key') }} AS rule,
        multiIf(
            raw_input IS NULL, 0,
            rule IN ({{ mapping.rules_where('semantics', 'exclusive') }}), 2,
            cached_and_written > raw_input, 4,
            rule IN ({{ mapping.rules_where('semantics', 'inclusive') }}), 1,
            cached_and_written > 0 AND toUInt64OrNull(total_text) = raw_input + ifNull(raw_output, 0) + cached_and_written, 4,
            final_provider IN ('anthropic', 'aws.bedrock') AND NOT (cached IS NOT NULL AND cached_and_written = 0), 0,
            3) AS semantics,
        reasoning IS NOT NULL AND raw_output IS NOT NULL
            AND (reasoning > raw_output OR rule IN ({{ mapping.rules_where('output', 'exclusive') }})) AS reasoning_outside,
        multiIf(
            said_operation != 255, said_operation,
            operation_text != '', 0,
            counted, 1,
            {{ mapping.value('tool_name') }} != '', 6,
            0) AS final_operation,
        final_operation IN ({{ mapping.operations(mapping.mapping['values'].billed.calls) }}) AS is_call,
        multiIf(
            foreign AND {{ mapping.duplicate('span_kind', 'word') }}, 3,
            is_call, 1,
            client_cost IS NULL AND NOT counted, 0,
            client_cost > 0 AND NOT counted
                AND final_operation IN ({{ mapping.operations(mapping.mapping['values'].billed.when_client_priced) }}), 1,
            2) AS role,
        multiIf(tool != '' OR NOT foreign OR final_operation != 6, tool,
            {{ mapping.value('entity_name') }} != '', {{ mapping.value('entity_name') }}, name) AS final_tool,
        if(tool_arguments = '' AND foreign AND final_operation = 6, said_input, tool_arguments) AS arguments,
        if(tool_result = '' AND foreign AND final_operation = 6, said_output, tool_result) AS result,
        multiIf(
            said_documents != '' OR NOT foreign OR final_operation NOT IN (4, 5), said_documents,
            position(listed_documents, '"id":') > 0 OR said_output = '', listed_documents,
            startsWith(said_output, '['), said_output,
            JSONHas(said_output, 'documents'), JSONExtractRaw(said_output, 'documents'),
            JSONHas(said_output, 'output'), JSONExtractRaw(said_output, 'output'),
            listed_documents) AS documents,
        if(documents = '', [], JSONExtract(documents, 'Array(Tuple(id String, score Nullable(Float64), metadata Tuple(id String, doc_id String, doc_uri String, chunk_id String, source String, score Nullable(Float64), relevance_score Nullable(Float64))))')) AS found,
        coalesce(toFloat64OrNull({{ mapping.chosen('energy_kwh') }}''{{ mapping.end('energy_kwh') }}), toFloat64OrNull({{ mapping.value('energy_kwh') }}), toFloat64OrNull({{ mapping.value('energy_joules') }}) / 3600000) AS measured_kwh,
        arrayMap(d -> coalesce(d.score, d.metadata.score, d.metadata.relevance_score), found) AS scores,
        if(NOT has(event_names, 'db.query.result'), [], arrayMap(e -> JSONExtractString(e, 'attributes', 'db.query.result.id'),
            arrayFilter(e -> JSONExtractString(e, 'name') = 'db.query.result', JSONExtractArrayRaw(said_events)))) AS result_ids,
        multiIf(
            status_code > 2, 0,
            status_code = 0 AND foreign AND ({{ mapping.value('level') }} = 'ERROR' OR {{ mapping.value('success') }} = 'false'), 2,
            status_code) AS final_status,
        if(final_status = 2 OR final_error != '', lower(concat(final_error, ' http', {{ mapping.value('http_status') }}, ' ',
            substring(status_message, 1, 1000), ' ', {{ mapping.value('error_text') }})), '') AS problem,
        arrayMap((i, s, f, t) -> t = '' OR NOT (
                s = i AND (i BETWEEN 1 AND {{ mapping.stored }} OR i = {{ mapping.columns.provider }} AND provider_text = final_provider)
                OR (s IN ({{ content | join(', ') }}) OR f IN ({{ content | join(', ') }})) AND final_operation != 6),
            arrayResize(ids, length(keys)), arrayResize(slots, length(keys)), arrayResize(families, length(keys)), own_texts) AS keep
    FROM
    (
        SELECT
            *,
            {{ mapping.operation('span_kind', 'operation_text', 'word') }} AS said_operation,
            {{ mapping.provider('provider_text') }} AS said_provider,
            if(asked_model != '', asked_model, response_model) AS final_model,
            multiIf(said_provider != '' OR final_model = '' AND NOT foreign, said_provider,
                {{ mapping.default_provider('span_kind') }} != '', {{ mapping.default_provider('span_kind') }},
                {{ mapping.provider_of_model('final_model') }}) AS final_provider,
            multiIf(error != '', error,
                has(event_names, 'exception'), JSONExtractString(
                    arrayFirst(x -> JSONExtractString(x, 'name') = 'exception', JSONExtractArrayRaw(said_events)),
                    'attributes', 'exception.type'),
                '') AS final_error,
            {{ tokens('input_text') }} AS raw_input,
            {{ tokens('cached_text') }} AS cached,
            {{ tokens('output_text') }} AS raw_output,
            {{ tokens('reasoning_text') }} AS reasoning,
            {{ tokens(mapping.value('cache_write_1h_tokens')) }} AS written_1h,
            multiIf(
                write_text != '' OR NOT foreign, {{ tokens('write_text') }},
                {{ mapping.value('cache_write_rest_tokens') }} = '' AND {{ mapping.value('cache_write_5m_tokens') }} = '' AND written_1h IS NULL, NULL,
                toUInt64OrZero({{ mapping.value('cache_write_rest_tokens') }}) + toUInt64OrZero({{ mapping.value('cache_write_5m_tokens') }})
                    + ifNull(written_1h, 0)) AS written,
            {%- for column in ('input', 'output', 'documents', 'tools') %}
            {%- set number = mapping.columns['documents' if column == 'documents' else 'content_' ~ column] %}
            if(NOT has(families, {{ number }}), '', concat('[', arrayStringConcat(
                arrayFilter((p, x) -> x.1 = {{ number }}, pieces, listed)), ']')) AS listed_{{ column }},
            {%- endfor %}
            multiIf(listed_input != '', listed_input, input_value != '', input_value,
                hasAny(event_names, {{ mapping.message_events('content_input') }}), concat('[', arrayStringConcat(arrayMap(e -> replaceOne(concat('{"event":', JSONExtractRaw(e, 'name'), ',', substring(JSONExtractRaw(e, 'attributes'), 2)), ',}', '}'),
                    arrayFilter(e -> has({{ mapping.message_events('content_input') }}, JSONExtractString(e, 'name')), JSONExtractArrayRaw(said_events))), ','), ']'), '') AS said_input,
            multiIf(listed_output != '', listed_output, output_value != '', output_value,
                hasAny(event_names, {{ mapping.message_events('content_output') }}), concat('[', arrayStringConcat(arrayMap(e -> replaceOne(concat('{"event":', JSONExtractRaw(e, 'name'), ',', substring(JSONExtractRaw(e, 'attributes'), 2)), ',}', '}'),
                    arrayFilter(e -> has({{ mapping.message_events('content_output') }}, JSONExtractString(e, 'name')), JSONExtractArrayRaw(said_events))), ','), ']'), '') AS said_output,
            if(listed_tools != '', listed_tools, tools_value) AS definitions
        FROM
        (
            SELECT
                *,
                kind AS span_kind,
                {{ mapping.dialect_name('kind') }} AS kind_name,
                arraySlice(texts, 1, length(keys)) AS own_texts,
                substringIndex(name, ' ', 1) AS word,
                {{ mapping.value('operation') }} AS operation_text,
                {{ mapping.value('provider') }} AS provider_text,
                if({{ mapping.value('request_model') }} != '', {{ mapping.value('request_model') }}, {{ mapping.value('either_model') }}) AS asked_model,
                {{ mapping.value('response_model') }} AS response_model,
                {{ mapping.value('tenant') }} AS tenant_id,
                {{ mapping.value('session_id') }} AS session,
                {{ mapping.value('error_type') }} AS error,
                {{ mapping.value('prompt_template') }} AS template,
                {{ mapping.value('content_system') }} AS instructions,
                {{ mapping.value('content_tools') }} AS tools_value,
                {{ mapping.value('content_input') }} AS input_value,
                {{ mapping.value('content_output') }} AS output_value,
                {{ mapping.value('tool_name') }} AS tool,
                {{ mapping.value('agent_name') }} AS agent,
                {{ mapping.value('tool_arguments') }} AS tool_arguments,
                {{ mapping.value('tool_result') }} AS tool_result,
                {{ mapping.value('documents') }} AS said_documents,
                {{ mapping.value('finish_reasons') }} AS reasons,
                {{ mapping.value('first_token_s') }} AS first_token_s,
                {{ mapping.value('temperature') }} AS warmth,
                {{ mapping.value('server') }} AS server,
                {{ mapping.value('input_tokens') }} AS input_text,
                {{ mapping.value('cached_input_tokens') }} AS cached_text,
                {{ mapping.value('cache_write_tokens') }} AS write_text,
                {{ mapping.value('output_tokens') }} AS output_text,
                {{ mapping.value('reasoning_tokens') }} AS reasoning_text,
                {{ mapping.value('total_tokens') }} AS total_text,
                lower({{ mapping.value('stream') }}) IN ('true', '1') AS streamed,
                toFloat64OrNull({{ mapping.value('client_cost_usd') }}) AS client_cost,
                if(empty(event_names), '', toJSONString(arrayMap((time, event, attributes, last) -> CAST((
                        fromUnixTimestamp64Nano(toInt64(least(time, 9000000000000000000)), 'UTC'), event,
                        mapFromArrays(mapKeys(attributes), arraySlice(texts,
                            length(keys) + last - length(attributes) + 1, length(attributes)))),
                        'Tuple(time DateTime64(9, \'UTC\'), name String, attributes Map(LowCardinality(String), String))'),
                    event_times, event_names, event_attributes, arrayCumSum(x -> length(x), event_attributes)))) AS said_events,
                start_ns BETWEEN accepted_ns - 315360000000000000 AND accepted_ns + 86400000000000 AS start_ok,
                start_ok AND end_ns BETWEEN start_ns AND start_ns + 31536000000000000 AS end_ok,
                -- attributes with an index in their name, one list a family
                if(foreign, arrayMap(k -> {{ mapping.family_of("extract(k, " ~ mapping.family_pattern ~ ")") }}, keys), []) AS families,
                if(NOT arrayExists(f -> f > 0, families), [], arraySort(x -> (x.1, x.2, x.3), arrayFilter(x -> x.1 > 0,
                    arrayMap((f, k, t) -> (f, toUInt32OrZero(extract(toString(k), '\\.(\\d+)\\.')),
                        replaceRegexpOne(toString(k), '^.*?\\.\\d+\\.(?:message\\.|document\\.|tool\\.|prompt\\.)?', ''), t),
                    families, keys, own_texts)))) AS listed,
                arrayMap((x, before, after) -> concat(
                        multiIf(before.1 != x.1, '{', before.2 != x.2, ',{', ','), toJSONString(x.3), ':',
                        if(x.3 IN ('metadata', 'json_schema') AND startsWith(x.4, '{'), x.4, toJSONString(x.4)),
                        if(after.1 = x.1 AND after.2 = x.2, '', '}')),
                    listed, arrayPopBack(arrayPushFront(listed, (0, 0, '', ''))), arrayPopFront(arrayPushBack(listed, (0, 0, '', '')))) AS pieces
            FROM
            (
{% filter indent(16, true) %}{% include 'parts/mapped.sql' %}{% endfilter %}
            )
        )
    )
);
