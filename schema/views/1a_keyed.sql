-- Every span with all its texts, and a number for each of its keys that means something (schema/mapping). A span that uses
-- only the newest OpenTelemetry names needs no more than that; all others are `foreign`.
{#- All texts in one array: of the attributes, then of the events', then of the links'. #}
{%- set query %}(SELECT *,
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
    FROM otlp_spans){% endset %}
{#- Events' and links' texts have no number. #}
{%- set query %}(SELECT keys, texts, event_names,
    (accepted_ns, resource, service, environment, region, resource_tenant, scope, scope_version, scope_json,
        raw_trace_id, raw_span_id, raw_parent_id, trace_state, name, raw_kind, start_ns, end_ns, status_code, status_message, dropped, event_times,
        if(empty(event_names), '', toJSONString(arrayMap((time, event, attributes, last) -> CAST((
            fromUnixTimestamp64Nano(toInt64(least(time, 9000000000000000000)), 'UTC'), event,
            mapFromArrays(mapKeys(attributes), arraySlice(texts,
            length(keys) + last - length(attributes) + 1, length(attributes)))),
            'Tuple(time DateTime64(9, \'UTC\'), name String, attributes Map(LowCardinality(String), String))'),
            event_times, event_names, event_attributes, arrayCumSum(x -> length(x), event_attributes)))),
        if(empty(link_spans), '', toJSONString(arrayMap((trace, span, attributes, last) -> CAST((
            lower(hex(trace)), lower(hex(span)),
            mapFromArrays(mapKeys(attributes), arraySlice(texts,
            length(texts) - arraySum(x -> length(x), link_attributes) + last - length(attributes) + 1,
            length(attributes)))),
            'Tuple(trace_id String, span_id String, attributes Map(LowCardinality(String), String))'),
            link_traces, link_spans, link_attributes, arrayCumSum(x -> length(x), link_attributes))))) AS whole,
    arrayResize(arrayMap(k -> {{ mapping.id_of_key('k') }}, keys), length(texts)) AS ids,
    CAST({{ mapping.kind_of_scope }}, 'UInt16') AS scope_kind
    FROM {{ query }}){% endset %}
CREATE MATERIALIZED VIEW keyed_from_otlp TO keyed_spans AS
SELECT whole, keys, texts, event_names, ids, scope_kind,
    scope_kind NOT IN (0, {{ mapping.kind('otel') }}) OR arrayExists(i -> i > {{ mapping.newest }}, ids) AS foreign
    FROM {{ query }};
