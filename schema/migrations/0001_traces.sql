-- Spans: what the receivers accept is inserted, as it came, into otlp_traces; the view below makes rows of it.

CREATE TABLE IF NOT EXISTS otlp_traces
(
    record_headers Array(String),
    resource_spans Array(Tuple(
        resource Tuple(attributes Map(LowCardinality(String), String)),
        scope_spans Array(Tuple(
            scope Tuple(name String, version String, attributes Map(LowCardinality(String), String)),
            spans Array(Tuple(
                trace_id String,
                span_id String,
                trace_state String,
                parent_span_id String,
                name String,
                kind UInt64,
                start_time_unix_nano UInt64,
                end_time_unix_nano UInt64,
                attributes Map(LowCardinality(String), String),
                dropped_attributes_count UInt64,
                events Array(Tuple(
                    time_unix_nano UInt64, name String, attributes Map(LowCardinality(String), String))),
                links Array(Tuple(
                    trace_id String, span_id String, attributes Map(LowCardinality(String), String))),
                status Tuple(message String, code UInt64)
            ))
        ))
    ))
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS spans
(
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    parent_span_id String CODEC(ZSTD(1)),
    name LowCardinality(String) CODEC(ZSTD(1)),
    kind Enum8('unspecified' = 0, 'internal' = 1, 'server' = 2, 'client' = 3, 'producer' = 4, 'consumer' = 5),
    service LowCardinality(String),
    scope LowCardinality(String),
    scope_version LowCardinality(String),
    scope_json LowCardinality(String),
    scope_attributes Map(String, String) ALIAS JSONExtract(scope_json, 'Map(String, String)'),
    environment LowCardinality(String),
    region LowCardinality(String),
    started_at DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    ended_at Nullable(DateTime64(9, 'UTC'))
        ALIAS if(duration_ns IS NULL, NULL, addNanoseconds(started_at, ifNull(duration_ns, 0))),
    duration_ns Nullable(UInt64) CODEC(ZSTD(1)),
    status Enum8('unset' = 0, 'ok' = 1, 'error' = 2),
    error_type LowCardinality(String),
    status_message String CODEC(ZSTD(1)),
    operation Enum8('other' = 0, 'chat' = 1, 'completion' = 2, 'embeddings' = 3, 'retrieval' = 4, 'rerank' = 5,
        'tool' = 6, 'agent' = 7, 'workflow' = 8, 'guardrail' = 9, 'evaluator' = 10),
    provider LowCardinality(String),
    request_model LowCardinality(String),
    model_revision LowCardinality(String),
    prompt_name LowCardinality(String),
    prompt_version LowCardinality(String),
    prompt_hash String CODEC(ZSTD(1)),
    tenant LowCardinality(String),
    user_id String CODEC(ZSTD(1)),
    session_id String CODEC(ZSTD(1)),
    task_id String CODEC(ZSTD(1)),
    task_outcome LowCardinality(String),
    feature LowCardinality(String),
    purpose LowCardinality(String),
    locale LowCardinality(String),
    input_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cached_input_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cache_write_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    output_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    reasoning_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    tool_name LowCardinality(String),
    tool_call_id String CODEC(ZSTD(1)),
    tool_arguments_hash String CODEC(ZSTD(1)),
    tool_result_hash String CODEC(ZSTD(1)),
    agent_name LowCardinality(String),
    retrieved_ids Array(String) CODEC(ZSTD(1)),
    retrieved_scores Array(Float64) CODEC(ZSTD(1)),
    attempt Nullable(UInt32) CODEC(ZSTD(1)),
    finish_reasons Array(LowCardinality(String)),
    time_to_first_token_ns Nullable(UInt64) CODEC(ZSTD(1)),
    temperature Nullable(Float64) CODEC(ZSTD(1)),
    service_tier LowCardinality(String),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource LowCardinality(String),
    resource_attributes Map(String, String) ALIAS JSONExtract(resource, 'Map(String, String)'),
    events_json String CODEC(ZSTD(1)),
    events Array(Tuple(time DateTime64(9, 'UTC'), name String, attributes Map(String, String)))
        ALIAS JSONExtract(events_json,
            'Array(Tuple(time DateTime64(9, \'UTC\'), name String, attributes Map(String, String)))'),
    links_json String CODEC(ZSTD(1)),
    links Array(Tuple(trace_id String, span_id String, attributes Map(String, String)))
        ALIAS JSONExtract(links_json, 'Array(Tuple(trace_id String, span_id String, attributes Map(String, String)))'),
    trace_state String CODEC(ZSTD(1)),
    dropped_attributes UInt32 CODEC(ZSTD(1)),
    problem_bits UInt16 CODEC(ZSTD(1)),
    problems Array(String) ALIAS arrayMap(bit -> ['trace_id', 'span_id', 'parent_span_id', 'started_at', 'ended_at',
        'input_tokens', 'cached_input_tokens', 'cache_write_tokens', 'output_tokens', 'reasoning_tokens',
        attributes['spanledger.problem'], 'kind', 'status'][bit + 1], bitPositionsToArray(problem_bits)),
    ingested_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    INDEX by_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_value mapValues(attributes) TYPE bloom_filter(0.02) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(started_at)
ORDER BY started_at
SETTINGS
    non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_compressed_bytes_to_fsync_after_merge = 1,  -- so that merged-away parts need not be kept for eight minutes
    old_parts_lifetime = 30,
    cleanup_delay_period = 10,
    max_cleanup_delay_period = 30,
    map_serialization_version = 'with_buckets',
    map_serialization_version_for_zero_level_parts = 'basic',
    map_buckets_strategy = 'constant',
    max_buckets_in_map = 16,
    map_buckets_min_avg_size = 4,
    min_bytes_for_wide_part = 100000000,
    min_parts_to_merge_at_once = 20;

-- Every span by itself, its attribute values still encoded. A stop between two views: the engine analyses the text of
-- a view at every insert, which takes as long as decoding thousands of spans, and the more, the deeper types nest.
CREATE TABLE IF NOT EXISTS otlp_spans
(
    accepted_ns UInt64,
    resource LowCardinality(String),
    service LowCardinality(String),
    environment LowCardinality(String),
    region LowCardinality(String),
    resource_tenant LowCardinality(String),
    scope LowCardinality(String),
    scope_version LowCardinality(String),
    scope_json LowCardinality(String),
    raw_trace_id String,
    raw_span_id String,
    raw_parent_id String,
    trace_state String,
    name String,
    raw_kind UInt64,
    start_ns UInt64,
    end_ns UInt64,
    status_code UInt64,
    status_message String,
    dropped UInt64,
    keys Array(LowCardinality(String)),
    encoded Array(String),
    event_times Array(UInt64),
    event_names Array(String),
    event_attributes Array(Map(LowCardinality(String), String)),
    link_traces Array(String),
    link_spans Array(String),
    link_attributes Array(Map(LowCardinality(String), String))
)
ENGINE = Null;

-- One row a span. Resource and scope become JSON objects, once for all their spans. Here and below, the long arrayMap
-- turns encoded AnyValues into text; it is written out, since an alias for it (WITH v -> ...) doubles the time of
-- analysis. The time of acceptance is in the first header of the spool's segment: what is made of a span must not
-- depend on the time of the insert, or a repeated insert might find another partition and be no repetition there.
CREATE MATERIALIZED VIEW IF NOT EXISTS otlp_spans_from_traces TO otlp_spans AS
SELECT
    accepted_ns, resource, service, environment, region, resource_tenant, scope, scope_version, scope_json,
    span.trace_id AS raw_trace_id,
    span.span_id AS raw_span_id,
    span.parent_span_id AS raw_parent_id,
    span.trace_state AS trace_state,
    span.name AS name,
    span.kind AS raw_kind,
    span.start_time_unix_nano AS start_ns,
    span.end_time_unix_nano AS end_ns,
    span.status.code AS status_code,
    span.status.message AS status_message,
    span.dropped_attributes_count AS dropped,
    mapKeys(span.attributes) AS keys,
    mapValues(span.attributes) AS encoded,
    span.events.time_unix_nano AS event_times,
    span.events.name AS event_names,
    span.events.attributes AS event_attributes,
    span.links.trace_id AS link_traces,
    span.links.span_id AS link_spans,
    span.links.attributes AS link_attributes
FROM
(
    SELECT
        accepted_ns,
        toLowCardinality(toJSONString(mapFromArrays(resource_keys, arraySlice(texts, 1, length(resource_keys)))))
            AS resource,
        toLowCardinality(texts[indexOf(resource_keys, 'service.name')]) AS service,
        toLowCardinality(if(texts[indexOf(resource_keys, 'deployment.environment.name')] != '',
            texts[indexOf(resource_keys, 'deployment.environment.name')],
            texts[indexOf(resource_keys, 'deployment.environment')])) AS environment,
        toLowCardinality(texts[indexOf(resource_keys, 'cloud.region')]) AS region,
        toLowCardinality(texts[indexOf(resource_keys, 'tenant.id')]) AS resource_tenant,
        toLowCardinality(scope_spans.scope.name) AS scope,
        toLowCardinality(scope_spans.scope.version) AS scope_version,
        toLowCardinality(if(empty(scope_keys), '', toJSONString(
            mapFromArrays(scope_keys, arraySlice(texts, length(resource_keys) + 1))))) AS scope_json,
        arrayJoin(scope_spans.spans) AS span
    FROM
    (
        SELECT
            accepted_ns,
            scope_spans,
            resource_keys,
            mapKeys(scope_spans.scope.attributes) AS scope_keys,
            arrayMap(v -> multiIf(
                    -- a string, behind its tag and a length of 1 to 4 bytes
                    startsWith(v, '\n'), substring(v, 3 + (length(v) > 129) + (length(v) > 16387) + (length(v) > 2097156)),
                    -- an integer: seven bits a byte
                    startsWith(v, '\x18'), toString(toInt64(arraySum((b, i) -> bitShiftLeft(toUInt64(bitAnd(b, 0x7F)), 7 * i),
                        reinterpret(substring(v, 2), 'Array(UInt8)'), range(length(v) - 1)))),
                    startsWith(v, '\x21'), toString(reinterpretAsFloat64(substring(v, 2))),
                    startsWith(v, '\x10'), if(endsWith(v, '\0'), 'false', 'true'),
                    -- an array with one short string, by far the most frequent
                    startsWith(v, '\x2a') AND startsWith(substring(v, 5, 1), '\n')
                        AND reinterpretAsUInt8(substring(v, 6, 1)) = length(v) - 6, concat('[', toJSONString(substring(v, 7)), ']'),
                    -- any other array, by its elements; each is a tag, a length of 1 or 2 bytes and a scalar AnyValue
                    startsWith(v, '\x2a'), arrayMap(p -> arrayMap(elements -> if(empty(elements) AND p != '', base64Encode(p),
                            concat('[', arrayStringConcat(arrayMap(v -> multiIf(
                                    startsWith(v, '\n'), toJSONString(substring(v, 3 + (length(v) > 129))),
                                    startsWith(v, '\x18'), toString(toInt64(arraySum((b, i) -> bitShiftLeft(toUInt64(bitAnd(b, 0x7F)), 7 * i),
                                        reinterpret(substring(v, 2), 'Array(UInt8)'), range(length(v) - 1)))),
                                    startsWith(v, '\x21'), transform(toString(reinterpretAsFloat64(substring(v, 2))),
                                        ['nan', 'inf', '-inf'], ['"NaN"', '"Infinity"', '"-Infinity"']),
                                    startsWith(v, '\x10'), if(endsWith(v, '\0'), 'false', 'true'),
                                    startsWith(v, '\x3a'), concat('"', base64Encode(substring(v, 3 + (length(v) > 129))), '"'),
                                    'null'),
                                elements), ','), ']')),
                        [arrayMap(short -> if(arraySum(x -> length(x), short) = length(p), arrayMap(x -> substring(x, 3), short),
                                -- an element of 128 bytes or more is among them
                                arrayMap(starts -> if(starts[-1] != length(p) + 1, [], arrayMap((first, next) -> substring(p,
                                            first + if(next - first > 129, 3, 2), next - first - if(next - first > 129, 3, 2)),
                                        arrayPopBack(starts), arrayPopFront(starts))),
                                    [arrayFold((starts, i) -> if(starts[-1] > length(p), starts, arrayPushBack(starts, toUInt64(
                                            starts[-1] + 2 + bitAnd(reinterpretAsUInt16(substring(p, starts[-1] + 1, 2)), 127)
                                            + if(bitTest(reinterpretAsUInt16(substring(p, starts[-1] + 1, 2)), 7), 1 + bitShiftRight(
                                                bitAnd(reinterpretAsUInt16(substring(p, starts[-1] + 1, 2)), 0x7F00), 1), 0)))),
                                        range(if(length(p) > 16384, 0, toUInt64(2 * sqrt(length(p))))), [toUInt64(1)])])[1]),
                            -- each a tag, a length below 128 and as many bytes: a pattern that counts down, ready-made
                            [extractAll(p, '\\n(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:\\x7f\\C|\\x7e)\\C|\\x7d)\\C|\\x7c)\\C|\\x7b)\\C|\\x7a)\\C|\\x79)\\C|\\x78)\\C|\\x77)\\C|\\x76)\\C|\\x75)\\C|\\x74)\\C|\\x73)\\C|\\x72)\\C|\\x71)\\C|\\x70)\\C|\\x6f)\\C|\\x6e)\\C|\\x6d)\\C|\\x6c)\\C|\\x6b)\\C|\\x6a)\\C|\\x69)\\C|\\x68)\\C|\\x67)\\C|\\x66)\\C|\\x65)\\C|\\x64)\\C|\\x63)\\C|\\x62)\\C|\\x61)\\C|\\x60)\\C|\\x5f)\\C|\\x5e)\\C|\\x5d)\\C|\\x5c)\\C|\\x5b)\\C|\\x5a)\\C|\\x59)\\C|\\x58)\\C|\\x57)\\C|\\x56)\\C|\\x55)\\C|\\x54)\\C|\\x53)\\C|\\x52)\\C|\\x51)\\C|\\x50)\\C|\\x4f)\\C|\\x4e)\\C|\\x4d)\\C|\\x4c)\\C|\\x4b)\\C|\\x4a)\\C|\\x49)\\C|\\x48)\\C|\\x47)\\C|\\x46)\\C|\\x45)\\C|\\x44)\\C|\\x43)\\C|\\x42)\\C|\\x41)\\C|\\x40)\\C|\\x3f)\\C|\\x3e)\\C|\\x3d)\\C|\\x3c)\\C|\\x3b)\\C|\\x3a)\\C|\\x39)\\C|\\x38)\\C|\\x37)\\C|\\x36)\\C|\\x35)\\C|\\x34)\\C|\\x33)\\C|\\x32)\\C|\\x31)\\C|\\x30)\\C|\\x2f)\\C|\\x2e)\\C|\\x2d)\\C|\\x2c)\\C|\\x2b)\\C|\\x2a)\\C|\\x29)\\C|\\x28)\\C|\\x27)\\C|\\x26)\\C|\\x25)\\C|\\x24)\\C|\\x23)\\C|\\x22)\\C|\\x21)\\C|\\x20)\\C|\\x1f)\\C|\\x1e)\\C|\\x1d)\\C|\\x1c)\\C|\\x1b)\\C|\\x1a)\\C|\\x19)\\C|\\x18)\\C|\\x17)\\C|\\x16)\\C|\\x15)\\C|\\x14)\\C|\\x13)\\C|\\x12)\\C|\\x11)\\C|\\x10)\\C|\\x0f)\\C|\\x0e)\\C|\\x0d)\\C|\\x0c)\\C|\\x0b)\\C|\\x0a)\\C|\\x09)\\C|\\x08)\\C|\\x07)\\C|\\x06)\\C|\\x05)\\C|\\x04)\\C|\\x03)\\C|\\x02)\\C|\\x01)\\C|\\x00)')])[1]])[1],
                        [substring(v, 3 + (length(v) > 129) + (length(v) > 16387) + (length(v) > 2097156))])[1],
                    startsWith(v, '\x3a'), base64Encode(
                        substring(v, 3 + (length(v) > 129) + (length(v) > 16387) + (length(v) > 2097156))),
                    ''),
                arrayConcat(resource_values, mapValues(scope_spans.scope.attributes))) AS texts
        FROM
        (
            SELECT
                accepted_ns,
                mapKeys(resource_span.resource.attributes) AS resource_keys,
                mapValues(resource_span.resource.attributes) AS resource_values,
                arrayJoin(resource_span.scope_spans) AS scope_spans
            FROM
            (
                SELECT
                    if(length(record_headers[1]) = 38, reinterpretAsUInt64(substring(record_headers[1], 7, 8)),
                        toUnixTimestamp64Nano(now64(9))) AS accepted_ns,
                    arrayJoin(resource_spans) AS resource_span
                FROM otlp_traces
            )
        )
    )
);

CREATE MATERIALIZED VIEW IF NOT EXISTS spans_from_otlp TO spans AS
SELECT
    lower(hex(toFixedString(if(length(raw_trace_id) = 16, raw_trace_id, ''), 16))) AS trace_id,
    lower(hex(toFixedString(if(length(raw_span_id) = 8, raw_span_id, ''), 8))) AS span_id,
    lower(hex(toFixedString(if(length(raw_parent_id) = 8, raw_parent_id, ''), 8))) AS parent_span_id,
    name,
    if(raw_kind <= 5, raw_kind, 0) AS kind,
    service, scope, scope_version, scope_json, environment, region,
    fromUnixTimestamp64Nano(toInt64(if(start_ok, start_ns, accepted_ns)), 'UTC') AS started_at,
    if(end_ok, if(end_ok, end_ns - start_ns, 0), NULL) AS duration_ns,  -- no number left behind under a NULL
    if(status_code <= 2, status_code, 0) AS status,
    multiIf(error != '', error,
        has(event_names, 'exception'), JSONExtractString(
            arrayFirst(x -> JSONExtractString(x, 'name') = 'exception', JSONExtractArrayRaw(events_json)),
            'attributes', 'exception.type'),
        '') AS error_type,
    status_message,
    transform(texts[indexOf(keys, 'gen_ai.operation.name')],
        ['chat', 'generate_content', 'text_completion', 'embeddings', 'retrieval', 'search_memory', 'rerank',
         'execute_tool', 'create_agent', 'invoke_agent', 'plan', 'invoke_workflow'],
        [1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 7, 8], 0) AS operation,
    if(texts[indexOf(keys, 'gen_ai.provider.name')] != '', texts[indexOf(keys, 'gen_ai.provider.name')],
        texts[indexOf(keys, 'gen_ai.system')]) AS provider,
    texts[indexOf(keys, 'gen_ai.request.model')] AS request_model,
    texts[indexOf(keys, 'gen_ai.response.model')] AS model_revision,
    texts[indexOf(keys, 'gen_ai.prompt.name')] AS prompt_name,
    texts[indexOf(keys, 'gen_ai.prompt.version')] AS prompt_version,
    if(instructions = '' AND definitions = '', '', lower(hex(sipHash128(instructions, definitions)))) AS prompt_hash,
    multiIf(tenant_id != '', tenant_id, customer_id != '', customer_id, resource_tenant) AS tenant,
    if(texts[indexOf(keys, 'user.id')] != '', texts[indexOf(keys, 'user.id')], texts[indexOf(keys, 'enduser.id')]) AS user_id,
    if(texts[indexOf(keys, 'gen_ai.conversation.id')] != '', texts[indexOf(keys, 'gen_ai.conversation.id')],
        texts[indexOf(keys, 'session.id')]) AS session_id,
    texts[indexOf(keys, 'task.id')] AS task_id,
    texts[indexOf(keys, 'task.outcome')] AS task_outcome,
    if(texts[indexOf(keys, 'feature')] != '', texts[indexOf(keys, 'feature')], texts[indexOf(keys, 'app.feature')]) AS feature,
    texts[indexOf(keys, 'purpose')] AS purpose,
    if(texts[indexOf(keys, 'user.locale')] != '', texts[indexOf(keys, 'user.locale')], texts[indexOf(keys, 'locale')])
        AS locale,
    if(toUInt64OrNull(input_text) <= 1000000000, toUInt64OrNull(input_text), NULL) AS input_tokens,
    if(toUInt64OrNull(cached_text) <= 1000000000, toUInt64OrNull(cached_text), NULL) AS cached_input_tokens,
    if(toUInt64OrNull(write_text) <= 1000000000, toUInt64OrNull(write_text), NULL) AS cache_write_tokens,
    if(toUInt64OrNull(output_text) <= 1000000000, toUInt64OrNull(output_text), NULL) AS output_tokens,
    if(toUInt64OrNull(reasoning_text) <= 1000000000, toUInt64OrNull(reasoning_text), NULL) AS reasoning_tokens,
    texts[indexOf(keys, 'gen_ai.tool.name')] AS tool_name,
    texts[indexOf(keys, 'gen_ai.tool.call.id')] AS tool_call_id,
    if(arguments = '', '', lower(hex(sipHash64(arguments)))) AS tool_arguments_hash,
    if(result = '', '', lower(hex(sipHash64(result)))) AS tool_result_hash,
    texts[indexOf(keys, 'gen_ai.agent.name')] AS agent_name,
    if(documents = '', [], JSONExtract(documents, 'Array(Tuple(id String))').id) AS retrieved_ids,
    if(documents = '' OR has(scores, NULL), [], scores) AS retrieved_scores,
    toUInt32OrNull(texts[indexOf(keys, 'http.request.resend_count')]) AS attempt,
    JSONExtract(texts[indexOf(keys, 'gen_ai.response.finish_reasons')], 'Array(String)') AS finish_reasons,
    accurateCastOrNull(round(toFloat64OrNull(texts[indexOf(keys, 'gen_ai.response.time_to_first_chunk')]) * 1000000000),
        'UInt64') AS time_to_first_token_ns,
    toFloat64OrNull(texts[indexOf(keys, 'gen_ai.request.temperature')]) AS temperature,
    if(texts[indexOf(keys, 'openai.response.service_tier')] != '', texts[indexOf(keys, 'openai.response.service_tier')],
        texts[indexOf(keys, 'gen_ai.response.service_tier')]) AS service_tier,
    -- what has a column of its own leaves the map, unless something was wrong: then all of it stays, with the raw fields
    if(problem_bits = 0,
        mapFilter((key, value) -> value = '' OR key NOT IN (
            'gen_ai.provider.name', 'gen_ai.request.model', 'gen_ai.response.model', 'gen_ai.prompt.name',
            'gen_ai.prompt.version', 'gen_ai.conversation.id', 'gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens',
            'gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_write.input_tokens',
            'gen_ai.usage.reasoning.output_tokens', 'gen_ai.tool.name', 'gen_ai.tool.call.id', 'gen_ai.agent.name',
            'tenant.id', 'user.id', 'task.id', 'task.outcome', 'feature', 'purpose', 'user.locale', 'error.type'),
            mapFromArrays(keys, arraySlice(texts, 1, length(keys)))),
        mapFromArrays(
            arrayConcat(keys, ['spanledger.raw.trace_id', 'spanledger.raw.span_id', 'spanledger.raw.parent_span_id',
                'spanledger.raw.start_time_unix_nano', 'spanledger.raw.end_time_unix_nano', 'spanledger.raw.kind',
                'spanledger.raw.status']),
            arrayConcat(arraySlice(texts, 1, length(keys)),
                [lower(hex(raw_trace_id)), lower(hex(raw_span_id)), lower(hex(raw_parent_id)),
                toString(start_ns), toString(end_ns), toString(raw_kind), toString(status_code)]))) AS attributes,
    resource,
    if(empty(event_names), '', toJSONString(arrayMap((time, event, attributes, last) -> CAST((
            fromUnixTimestamp64Nano(toInt64(least(time, 9000000000000000000)), 'UTC'), event,
            mapFromArrays(mapKeys(attributes), arraySlice(texts,
                length(keys) + last - length(attributes) + 1, length(attributes)))),
            'Tuple(time DateTime64(9, \'UTC\'), name String, attributes Map(LowCardinality(String), String))'),
        event_times, event_names, event_attributes, arrayCumSum(x -> length(x), event_attributes)))) AS events_json,
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
        + (input_text != '' AND input_tokens IS NULL) * 32
        + (cached_text != '' AND cached_input_tokens IS NULL) * 64
        + (write_text != '' AND cache_write_tokens IS NULL) * 128
        + (output_text != '' AND output_tokens IS NULL) * 256
        + (reasoning_text != '' AND reasoning_tokens IS NULL) * 512
        + has(keys, 'spanledger.problem') * 1024
        + (raw_kind > 5) * 2048
        + (status_code > 2) * 4096) AS problem_bits,
    now64(3, 'UTC') AS ingested_at
FROM
(
    SELECT
        *,
        texts[indexOf(keys, 'tenant.id')] AS tenant_id,
        texts[indexOf(keys, 'customer.id')] AS customer_id,
        texts[indexOf(keys, 'error.type')] AS error,
        texts[indexOf(keys, 'gen_ai.system_instructions')] AS instructions,
        texts[indexOf(keys, 'gen_ai.tool.definitions')] AS definitions,
        texts[indexOf(keys, 'gen_ai.tool.call.arguments')] AS arguments,
        texts[indexOf(keys, 'gen_ai.tool.call.result')] AS result,
        texts[indexOf(keys, 'gen_ai.retrieval.documents')] AS documents,
        JSONExtract(documents, 'Array(Tuple(score Nullable(Float64)))').score AS scores,
        texts[indexOf(keys, 'gen_ai.usage.input_tokens')] AS input_text,
        texts[indexOf(keys, 'gen_ai.usage.cache_read.input_tokens')] AS cached_text,
        if(texts[indexOf(keys, 'gen_ai.usage.cache_write.input_tokens')] != '',
            texts[indexOf(keys, 'gen_ai.usage.cache_write.input_tokens')],
            texts[indexOf(keys, 'gen_ai.usage.cache_creation.input_tokens')]) AS write_text,
        texts[indexOf(keys, 'gen_ai.usage.output_tokens')] AS output_text,
        texts[indexOf(keys, 'gen_ai.usage.reasoning.output_tokens')] AS reasoning_text,
        start_ns BETWEEN accepted_ns - 315360000000000000 AND accepted_ns + 86400000000000 AS start_ok,
        start_ok AND end_ns BETWEEN start_ns AND start_ns + 31536000000000000 AS end_ok
    FROM
    (
        -- all texts in one array: of the attributes, then of the events', then of the links'
        SELECT
            *,
            arrayMap(v -> multiIf(
                    -- a string, behind its tag and a length of 1 to 4 bytes
                    startsWith(v, '\n'), substring(v, 3 + (length(v) > 129) + (length(v) > 16387) + (length(v) > 2097156)),
                    -- an integer: seven bits a byte
                    startsWith(v, '\x18'), toString(toInt64(arraySum((b, i) -> bitShiftLeft(toUInt64(bitAnd(b, 0x7F)), 7 * i),
                        reinterpret(substring(v, 2), 'Array(UInt8)'), range(length(v) - 1)))),
                    startsWith(v, '\x21'), toString(reinterpretAsFloat64(substring(v, 2))),
                    startsWith(v, '\x10'), if(endsWith(v, '\0'), 'false', 'true'),
                    -- an array with one short string, by far the most frequent
                    startsWith(v, '\x2a') AND startsWith(substring(v, 5, 1), '\n')
                        AND reinterpretAsUInt8(substring(v, 6, 1)) = length(v) - 6, concat('[', toJSONString(substring(v, 7)), ']'),
                    -- any other array, by its elements; each is a tag, a length of 1 or 2 bytes and a scalar AnyValue
                    startsWith(v, '\x2a'), arrayMap(p -> arrayMap(elements -> if(empty(elements) AND p != '', base64Encode(p),
                            concat('[', arrayStringConcat(arrayMap(v -> multiIf(
                                    startsWith(v, '\n'), toJSONString(substring(v, 3 + (length(v) > 129))),
                                    startsWith(v, '\x18'), toString(toInt64(arraySum((b, i) -> bitShiftLeft(toUInt64(bitAnd(b, 0x7F)), 7 * i),
                                        reinterpret(substring(v, 2), 'Array(UInt8)'), range(length(v) - 1)))),
                                    startsWith(v, '\x21'), transform(toString(reinterpretAsFloat64(substring(v, 2))),
                                        ['nan', 'inf', '-inf'], ['"NaN"', '"Infinity"', '"-Infinity"']),
                                    startsWith(v, '\x10'), if(endsWith(v, '\0'), 'false', 'true'),
                                    startsWith(v, '\x3a'), concat('"', base64Encode(substring(v, 3 + (length(v) > 129))), '"'),
                                    'null'),
                                elements), ','), ']')),
                        [arrayMap(short -> if(arraySum(x -> length(x), short) = length(p), arrayMap(x -> substring(x, 3), short),
                                -- an element of 128 bytes or more is among them
                                arrayMap(starts -> if(starts[-1] != length(p) + 1, [], arrayMap((first, next) -> substring(p,
                                            first + if(next - first > 129, 3, 2), next - first - if(next - first > 129, 3, 2)),
                                        arrayPopBack(starts), arrayPopFront(starts))),
                                    [arrayFold((starts, i) -> if(starts[-1] > length(p), starts, arrayPushBack(starts, toUInt64(
                                            starts[-1] + 2 + bitAnd(reinterpretAsUInt16(substring(p, starts[-1] + 1, 2)), 127)
                                            + if(bitTest(reinterpretAsUInt16(substring(p, starts[-1] + 1, 2)), 7), 1 + bitShiftRight(
                                                bitAnd(reinterpretAsUInt16(substring(p, starts[-1] + 1, 2)), 0x7F00), 1), 0)))),
                                        range(if(length(p) > 16384, 0, toUInt64(2 * sqrt(length(p))))), [toUInt64(1)])])[1]),
                            -- each a tag, a length below 128 and as many bytes: a pattern that counts down, ready-made
                            [extractAll(p, '\\n(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:\\x7f\\C|\\x7e)\\C|\\x7d)\\C|\\x7c)\\C|\\x7b)\\C|\\x7a)\\C|\\x79)\\C|\\x78)\\C|\\x77)\\C|\\x76)\\C|\\x75)\\C|\\x74)\\C|\\x73)\\C|\\x72)\\C|\\x71)\\C|\\x70)\\C|\\x6f)\\C|\\x6e)\\C|\\x6d)\\C|\\x6c)\\C|\\x6b)\\C|\\x6a)\\C|\\x69)\\C|\\x68)\\C|\\x67)\\C|\\x66)\\C|\\x65)\\C|\\x64)\\C|\\x63)\\C|\\x62)\\C|\\x61)\\C|\\x60)\\C|\\x5f)\\C|\\x5e)\\C|\\x5d)\\C|\\x5c)\\C|\\x5b)\\C|\\x5a)\\C|\\x59)\\C|\\x58)\\C|\\x57)\\C|\\x56)\\C|\\x55)\\C|\\x54)\\C|\\x53)\\C|\\x52)\\C|\\x51)\\C|\\x50)\\C|\\x4f)\\C|\\x4e)\\C|\\x4d)\\C|\\x4c)\\C|\\x4b)\\C|\\x4a)\\C|\\x49)\\C|\\x48)\\C|\\x47)\\C|\\x46)\\C|\\x45)\\C|\\x44)\\C|\\x43)\\C|\\x42)\\C|\\x41)\\C|\\x40)\\C|\\x3f)\\C|\\x3e)\\C|\\x3d)\\C|\\x3c)\\C|\\x3b)\\C|\\x3a)\\C|\\x39)\\C|\\x38)\\C|\\x37)\\C|\\x36)\\C|\\x35)\\C|\\x34)\\C|\\x33)\\C|\\x32)\\C|\\x31)\\C|\\x30)\\C|\\x2f)\\C|\\x2e)\\C|\\x2d)\\C|\\x2c)\\C|\\x2b)\\C|\\x2a)\\C|\\x29)\\C|\\x28)\\C|\\x27)\\C|\\x26)\\C|\\x25)\\C|\\x24)\\C|\\x23)\\C|\\x22)\\C|\\x21)\\C|\\x20)\\C|\\x1f)\\C|\\x1e)\\C|\\x1d)\\C|\\x1c)\\C|\\x1b)\\C|\\x1a)\\C|\\x19)\\C|\\x18)\\C|\\x17)\\C|\\x16)\\C|\\x15)\\C|\\x14)\\C|\\x13)\\C|\\x12)\\C|\\x11)\\C|\\x10)\\C|\\x0f)\\C|\\x0e)\\C|\\x0d)\\C|\\x0c)\\C|\\x0b)\\C|\\x0a)\\C|\\x09)\\C|\\x08)\\C|\\x07)\\C|\\x06)\\C|\\x05)\\C|\\x04)\\C|\\x03)\\C|\\x02)\\C|\\x01)\\C|\\x00)')])[1]])[1],
                        [substring(v, 3 + (length(v) > 129) + (length(v) > 16387) + (length(v) > 2097156))])[1],
                    startsWith(v, '\x3a'), base64Encode(
                        substring(v, 3 + (length(v) > 129) + (length(v) > 16387) + (length(v) > 2097156))),
                    ''),
                arrayConcat(encoded, arrayFlatten(arrayMap(x -> mapValues(x), event_attributes)),
                    arrayFlatten(arrayMap(x -> mapValues(x), link_attributes)))) AS texts
        FROM otlp_spans
    )
);
