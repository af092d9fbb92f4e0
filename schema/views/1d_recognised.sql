-- Encoded spans have become named columns: what the numbers mean, and whether this span is the one to bill.
{%- macro tokens(column) %}if(toUInt64OrNull({{ column }}) <= 1000000000, toUInt64OrNull({{ column }}), NULL){% endmacro %}
{%- set content = [mapping.columns.content_input, mapping.columns.content_output, mapping.columns.content_tools, mapping.columns.content_system] | join(', ') %}
{%- set always = 'whole, keys, texts, event_names, ids, foreign, values, span_kind, slots' %}
{%- set query %}(SELECT {{ always }}, request_text, tool, written_1h, client_cost, said_provider, model, revision, final_error, final_status,
    start_ok, end_ok, raw_input, cached, raw_output, reasoning, written, cached_and_written, counted, final_provider, final_operation, rule,
    said_input, said_output, definitions, wrong,
    {{ mapping.value('content_system') }} AS instructions,
    multiIf(
        raw_input IS NULL, 0,
        rule IN ({{ mapping.rules_where('semantics', 'exclusive') }}), 2,
        cached_and_written > raw_input, 4,
        rule IN ({{ mapping.rules_where('semantics', 'inclusive') }}), 1,
        cached_and_written > 0 AND toUInt64OrNull({{ mapping.value('total_tokens') }}) = raw_input + ifNull(raw_output, 0) + cached_and_written, 4,
        final_provider IN ('anthropic', 'aws.bedrock') AND NOT (cached IS NOT NULL AND cached_and_written = 0), 0,
        3) AS semantics,
    reasoning IS NOT NULL AND raw_output IS NOT NULL
        AND (reasoning > raw_output OR rule IN ({{ mapping.rules_where('output', 'exclusive') }})) AS reasoning_outside,
    multiIf(
        foreign AND {{ mapping.duplicate('span_kind', "substringIndex(whole.name, ' ', 1)") }}, 3,
        final_operation IN ({{ mapping.calls }}), 1,
        client_cost IS NULL AND NOT counted AND cached_and_written = 0, 0,
        client_cost > 0 AND NOT counted AND final_operation IN ({{ mapping.calls_when_priced }}), 1,
        2) AS role,
    if({{ mapping.value('documents') }} = '' AND NOT (foreign AND final_operation IN (4, 5)), [], JSONExtract(multiIf(
            {{ mapping.value('documents') }} != '', {{ mapping.value('documents') }},
            position(listed_documents, '"id":') > 0 OR said_output = '', listed_documents,
            startsWith(said_output, '['), said_output,
            JSONHas(said_output, 'documents'), JSONExtractRaw(said_output, 'documents'),
            JSONHas(said_output, 'output'), JSONExtractRaw(said_output, 'output'),
            listed_documents),
        'Array(Tuple(id String, score Nullable(Float64), metadata Tuple(id String, doc_id String, doc_uri String, chunk_id String, source String, score Nullable(Float64), relevance_score Nullable(Float64))))')) AS found,
    -- what has a column of its own leaves the map, and so do messages, which are kept once for all spans
    arrayMap((i, s, f, t) -> t = '' OR NOT (
            s = i AND (i BETWEEN 1 AND {{ mapping.stored }} OR i = {{ mapping.columns.provider }} AND provider_text = final_provider)
            OR (s IN ({{ content }}) OR f IN ({{ content }})) AND final_operation != 6),
        ids, arrayResize(slots, length(keys)), arrayResize(families, length(keys)), texts) AS keep
    FROM said_spans){% endset %}
CREATE MATERIALIZED VIEW recognised_from_otlp TO recognised_spans AS
SELECT
    lower(hex(toFixedString(if(length(whole.raw_trace_id) = 16, whole.raw_trace_id, ''), 16))) AS trace_id,
    lower(hex(toFixedString(if(length(whole.raw_span_id) = 8, whole.raw_span_id, ''), 8))) AS span_id,
    lower(hex(toFixedString(if(length(whole.raw_parent_id) = 8, whole.raw_parent_id, ''), 8))) AS parent_span_id,
    whole.name AS name,
    if(whole.raw_kind <= 5, whole.raw_kind, 0) AS kind,
    whole.service AS service,
    whole.scope AS scope,
    whole.scope_version AS scope_version,
    whole.scope_json AS scope_json,
    if({{ mapping.value('environment') }} != '', {{ mapping.value('environment') }}, whole.environment) AS environment,
    whole.region AS region,
    fromUnixTimestamp64Nano(toInt64(if(start_ok, whole.start_ns, whole.accepted_ns)), 'UTC') AS started_at,
    if(end_ok, if(end_ok, whole.end_ns - whole.start_ns, 0), NULL) AS duration_ns,  -- no number left behind under a NULL
    final_status AS status,
    final_error AS error_type,
    if(whole.status_message = '', {{ mapping.value('error_text') }}, whole.status_message) AS status_message,
    final_operation AS operation,
    final_provider AS provider,
    model AS request_model,
    revision AS model_revision,
    {{ mapping.chosen('prompt_name') }}{{ mapping.value('prompt_name') }}{{ mapping.end('prompt_name') }} AS prompt_name,
    {{ mapping.chosen('prompt_version') }}{{ mapping.value('prompt_version') }}{{ mapping.end('prompt_version') }} AS prompt_version,
    multiIf(
        {{ mapping.value('prompt_hash') }} != '', {{ mapping.value('prompt_hash') }},
        {{ mapping.value('prompt_template') }} != '', lower(hex(sipHash128({{ mapping.value('prompt_template') }}))),
        instructions != '' OR definitions != '', lower(hex(sipHash128(instructions, definitions))),
        prompt_name != '', lower(hex(sipHash128(prompt_name, prompt_version))),
        '') AS prompt_hash,
    {{ mapping.chosen('tenant') }}multiIf({{ mapping.value('tenant') }} != '', {{ mapping.value('tenant') }},
        foreign AND whole.resource_tenant = '', JSONExtractString(whole.resource, 'team.id'),
        whole.resource_tenant){{ mapping.end('tenant') }} AS tenant,
    {{ mapping.chosen('user') }}{{ mapping.value('user_id') }}{{ mapping.end('user') }} AS user_id,
    {{ mapping.chosen('session') }}if({{ mapping.value('session_id') }} != '' OR NOT foreign, {{ mapping.value('session_id') }},
        JSONExtractString(whole.resource, 'session.id')){{ mapping.end('session') }} AS session_id,
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
    multiIf(tool != '' OR NOT foreign OR final_operation != 6, tool,
        {{ mapping.value('entity_name') }} != '', {{ mapping.value('entity_name') }}, whole.name) AS tool_name,
    {{ mapping.value('tool_call_id') }} AS tool_call_id,
    multiIf(
        {{ mapping.value('tool_arguments') }} != '', lower(hex(sipHash64({{ mapping.value('tool_arguments') }}))),
        foreign AND final_operation = 6 AND said_input != '', lower(hex(sipHash64(said_input))),
        '') AS tool_arguments_hash,
    multiIf(
        {{ mapping.value('tool_result') }} != '', lower(hex(sipHash64({{ mapping.value('tool_result') }}))),
        foreign AND final_operation = 6 AND said_output != '', lower(hex(sipHash64(said_output))),
        '') AS tool_result_hash,
    multiIf(NOT foreign OR final_operation != 7 OR {{ mapping.value('agent_name') }} != '', {{ mapping.value('agent_name') }},
        {{ mapping.value('entity_name') }} != '', {{ mapping.value('entity_name') }},
        span_kind IN ({{ mapping.kinds_where('names_its_agents') }}), whole.name, '') AS agent_name,
    multiIf(
        has(event_names, 'db.query.result'), arrayMap(e -> JSONExtractString(e, 'attributes', 'db.query.result.id'),
            arrayFilter(e -> JSONExtractString(e, 'name') = 'db.query.result', JSONExtractArrayRaw(whole.said_events))),
        empty(found), [],
        arrayMap(d -> arrayFirst(x -> x != '', [d.id, d.metadata.id, d.metadata.doc_id, d.metadata.doc_uri, d.metadata.chunk_id,
            d.metadata.source]), found)) AS retrieved_ids,
    arrayMap(scores -> if(has(scores, NULL), [], scores),
        [arrayMap(d -> coalesce(d.score, d.metadata.score, d.metadata.relevance_score), found)])[1] AS retrieved_scores,
    if({{ mapping.value('tries') }} != '', toUInt32OrNull({{ mapping.value('tries') }}) - 1,
        toUInt32OrNull({{ mapping.value('attempt') }})) AS attempt,
    arrayMap(r -> {{ mapping.finish_reason('r') }}, multiIf(
        {{ mapping.value('finish_reasons') }} = '', [],
        startsWith({{ mapping.value('finish_reasons') }}, '['), JSONExtract({{ mapping.value('finish_reasons') }}, 'Array(String)'),
        [{{ mapping.value('finish_reasons') }}])) AS finish_reasons,
    multiIf(
        {{ mapping.value('first_token_s') }} != '',
        accurateCastOrNull(round(toFloat64OrNull({{ mapping.value('first_token_s') }}) * 1000000000), 'UInt64'),
        hasAny(event_names, {{ mapping.first_token_events }}),
        accurateCastOrNull(toInt64(whole.event_times[arrayFirstIndex(n -> has({{ mapping.first_token_events }}, n), event_names)])
            - toInt64(whole.start_ns), 'UInt64'),
        NOT foreign, NULL,
        {{ mapping.value('first_token_ms') }} != '',
        accurateCastOrNull(round(toFloat64OrNull({{ mapping.value('first_token_ms') }}) * 1000000), 'UInt64'),
        {{ mapping.value('first_token_at') }} != '', accurateCastOrNull(toUnixTimestamp64Nano(parseDateTime64BestEffortOrNull(
            {{ mapping.value('first_token_at') }}, 9, 'UTC')) - toInt64(whole.start_ns), 'UInt64'),
        lower({{ mapping.value('stream') }}) IN ('true', '1'),
        accurateCastOrNull(round(toFloat64OrNull({{ mapping.value('first_token_streamed_s') }}) * 1000000000), 'UInt64'),
        NULL) AS time_to_first_token_ns,
    if(span_kind IN ({{ mapping.kinds_where('invents_temperature') }}) AND toFloat64OrNull({{ mapping.value('temperature') }}) = 1, NULL,
        toFloat64OrNull({{ mapping.value('temperature') }})) AS temperature,
    {{ mapping.value('service_tier') }} AS service_tier,
    -- something was wrong: then all of it stays, with the raw fields
    if(wrong = 0,
        mapFromArrays(arrayFilter((k, kept) -> kept, keys, keep), arrayFilter((t, kept) -> kept, texts, keep)),
        mapFromArrays(
            arrayConcat(keys, ['spanledger.raw.trace_id', 'spanledger.raw.span_id', 'spanledger.raw.parent_span_id',
                'spanledger.raw.start_time_unix_nano', 'spanledger.raw.end_time_unix_nano', 'spanledger.raw.kind',
                'spanledger.raw.status']),
            arrayConcat(texts,
                [lower(hex(whole.raw_trace_id)), lower(hex(whole.raw_span_id)), lower(hex(whole.raw_parent_id)),
                toString(whole.start_ns), toString(whole.end_ns), toString(whole.raw_kind),
                toString(whole.status_code)]))) AS attributes,
    whole.resource AS resource,
    whole.said_events AS events_json,
    whole.said_links AS links_json,
    whole.trace_state AS trace_state,
    least(whole.dropped, 4294967295) AS dropped_attributes,
    wrong AS problem_bits,
    {{ mapping.dialect_name('span_kind') }} AS dialect,
    if(span_kind = 0, '', whole.scope_version) AS dialect_version,
    if(counted, {{ mapping.rule_name('rule') }}, '') AS token_rule,
    semantics AS token_semantics,
    role AS usage_role,
    toUInt32(
        (semantics = 4 AND cached_and_written > raw_input) * {{ mapping.flag('cached_over_input') }}
        + (semantics = 4) * {{ mapping.flag('input_mended') }}
        + (request_text = '' AND model != '' AND model = revision) * {{ mapping.flag('model_inferred') }}
        + (final_operation IN ({{ mapping.calls }}) AND final_status != 2
            AND (raw_input IS NULL OR raw_output IS NULL AND final_operation IN (1, 2))) * {{ mapping.flag('usage_missing') }}
        + (foreign AND span_kind IN ({{ mapping.kinds_where('estimates_streams') }}) AND counted AND ifNull(cached, 0) = 0
            AND lower({{ mapping.value('stream') }}) IN ('true', '1')) * {{ mapping.flag('usage_estimated') }}
        + (whole.dropped > 0) * {{ mapping.flag('attributes_dropped') }}
        + reasoning_outside * {{ mapping.flag('output_excluded_reasoning') }}
        + (said_provider = '' AND final_provider != '') * {{ mapping.flag('provider_inferred') }}) AS flag_bits,
    raw_input AS raw_input_tokens,
    if(role = 2, NULL, written_1h) AS cache_write_1h_tokens,
    {{ tokens(mapping.value('audio_input_tokens')) }} AS audio_input_tokens,
    {{ tokens(mapping.value('audio_output_tokens')) }} AS audio_output_tokens,
    {{ mapping.value('response_id') }} AS response_id,
    {{ mapping.value('request_tier') }} AS request_tier,
    if({{ mapping.value('provider_region') }} != '', {{ mapping.value('provider_region') }}, {{ mapping.region(mapping.value('server')) }})
        AS provider_region,
    if(final_status = 2 OR final_error != '', arrayMap(problem -> {{ mapping.error_kind('problem') }}, [lower(concat(
        final_error, ' http', {{ mapping.value('http_status') }}, ' ', substring(whole.status_message, 1, 1000), ' ',
        {{ mapping.value('error_text') }}))])[1], '') AS error_kind,
    {{ mapping.value('workflow') }} AS workflow,
    if({{ mapping.value('release') }} != '', {{ mapping.value('release') }}, JSONExtractString(whole.resource, 'service.version')) AS release,
    role = 1 AS billable,
    client_cost AS client_cost_usd,
    arrayFirstOrNull(x -> x >= 0 AND isFinite(x), [{{ mapping.kwh }}]) AS energy_kwh,
    if(energy_kwh IS NULL, 0, 1) AS energy_source,
    if(final_operation = 6, '', definitions) AS content_tools,
    if(final_operation = 6, '', instructions) AS content_system,
    if(final_operation = 6, '', multiIf(
        said_input = '', '', startsWith(said_input, '[') AND endsWith(said_input, ']'), said_input,
        NOT startsWith(said_input, '{'), concat('[', toJSONString(said_input), ']'),
        startsWith(JSONExtractRaw(said_input, 'messages'), '['), JSONExtractRaw(said_input, 'messages'),
        concat('[', said_input, ']'))) AS content_input,
    if(final_operation = 6, '', multiIf(
        said_output = '', '', startsWith(said_output, '[') AND endsWith(said_output, ']'), said_output,
        NOT startsWith(said_output, '{'), concat('[', toJSONString(said_output), ']'),
        concat('[', said_output, ']'))) AS content_output,
    now64(3, 'UTC') AS ingested_at
FROM {{ query }};
