-- Encoded spans become named columns.
CREATE MATERIALIZED VIEW recognised_from_otlp TO recognised_spans AS
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
