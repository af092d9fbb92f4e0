-- A record's time is its own, or when it was observed, or else when it was accepted. Most have no severity, and many no
-- trace: that is no problem. A record without any time is one.
-- Content is kept back as it is from spans.
{%- from "masks.jinja" import masked, without_content with context %}
CREATE MATERIALIZED VIEW events_from_otlp TO events AS
{% if content.masks or not content.stored -%}
SELECT
    record.* EXCEPT (body, explanation, attributes),
{%- if not content.stored %}
    -- the body of an event of ours is content; another's is a line of a log, unless it is long
    if(startsWith(event_name, 'gen_ai.') OR length(record.body) > {{ content.longest_value }}, '',
        {% if content.masks %}{{ masked('record.body') }}{% else %}record.body{% endif %}) AS body,
    '' AS explanation,
    {%- if content.masks %}
    mapApply((key, value) -> (key, {{ masked('value') }}), {{ without_content('record.attributes') }}) AS attributes
    {%- else %}
    {{ without_content('record.attributes') }} AS attributes
    {%- endif %}
{%- else %}
    {{ masked('record.body') }} AS body,
    {{ masked('record.explanation') }} AS explanation,
    mapApply((key, value) -> (key, {{ masked('value') }}), record.attributes) AS attributes
{%- endif %}
FROM
(
{% endif -%}
SELECT
    lower(hex(toFixedString(if(length(raw_trace_id) = 16, raw_trace_id, ''), 16))) AS trace_id,
    lower(hex(toFixedString(if(length(raw_span_id) = 8, raw_span_id, ''), 8))) AS span_id,
    fromUnixTimestamp64Nano(toInt64(multiIf(time_ok, time_ns, observed_ok, observed_ns, accepted_ns)), 'UTC') AS time,
    fromUnixTimestamp64Nano(toInt64(if(observed_ok, observed_ns, accepted_ns)), 'UTC') AS observed_at,
    if(named != '', named, name_attribute) AS event_name,
    if(raw_severity <= 24, raw_severity, 0) AS severity_number,
    severity_text,
    texts[length(keys) + 1] AS body,
    service, scope, scope_version, scope_json, environment, region,
    multiIf(tenant_id != '', tenant_id, customer_id != '', customer_id, resource_tenant) AS tenant,
    if(texts[indexOf(keys, 'user.id')] != '', texts[indexOf(keys, 'user.id')], texts[indexOf(keys, 'enduser.id')])
        AS user_id,
    if(texts[indexOf(keys, 'gen_ai.conversation.id')] != '', texts[indexOf(keys, 'gen_ai.conversation.id')],
        texts[indexOf(keys, 'session.id')]) AS session_id,
    texts[indexOf(keys, 'gen_ai.response.id')] AS response_id,
    texts[indexOf(keys, 'gen_ai.evaluation.name')] AS evaluation_name,
    if(isFinite(toFloat64OrNull(score_text)), toFloat64OrNull(score_text), NULL) AS score_value,
    texts[indexOf(keys, 'gen_ai.evaluation.score.label')] AS score_label,
    texts[indexOf(keys, 'gen_ai.evaluation.explanation')] AS explanation,
    -- what has a column of its own leaves the map, unless something was wrong: then all of it stays, with the raw fields
    if(problem_bits = 0,
        mapFilter((key, value) -> value = '' OR key NOT IN (
            'tenant.id', 'user.id', 'gen_ai.conversation.id', 'gen_ai.response.id', 'gen_ai.evaluation.name',
            'gen_ai.evaluation.score.value', 'gen_ai.evaluation.score.label', 'gen_ai.evaluation.explanation')
                AND NOT (key = 'event.name' AND value = event_name),
            mapFromArrays(keys, arraySlice(texts, 1, length(keys)))),
        mapFromArrays(
            arrayConcat(keys, ['spanledger.raw.trace_id', 'spanledger.raw.span_id', 'spanledger.raw.time_unix_nano',
                'spanledger.raw.observed_time_unix_nano', 'spanledger.raw.severity_number']),
            arrayConcat(arraySlice(texts, 1, length(keys)),
                [lower(hex(raw_trace_id)), lower(hex(raw_span_id)), toString(time_ns), toString(observed_ns),
                toString(raw_severity)]))) AS attributes,
    resource,
    least(dropped, 4294967295) AS dropped_attributes,
    toUInt16((length(raw_trace_id) NOT IN (0, 16))
        + (length(raw_span_id) NOT IN (0, 8)) * 2
        + (if(time_ns = 0, observed_ns = 0, 1 - time_ok)) * 4
        + (observed_ns != 0 AND observed_ok = 0) * 8
        + (raw_severity > 24) * 16
        + (score_text != '' AND score_value IS NULL) * 32
        + has(keys, 'spanledger.problem') * 64) AS problem_bits,
    now64(3, 'UTC') AS ingested_at
FROM
(
    SELECT
        *,
        texts[indexOf(keys, 'tenant.id')] AS tenant_id,
        texts[indexOf(keys, 'customer.id')] AS customer_id,
        texts[indexOf(keys, 'event.name')] AS name_attribute,
        texts[indexOf(keys, 'gen_ai.evaluation.score.value')] AS score_text,
        time_ns BETWEEN accepted_ns - 315360000000000000 AND accepted_ns + 86400000000000 AS time_ok,
        observed_ns BETWEEN accepted_ns - 315360000000000000 AND accepted_ns + 86400000000000 AS observed_ok
    FROM
    (
        -- the texts of the attributes, then of the body
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
                arrayPushBack(encoded, encoded_body)) AS texts
        FROM otlp_log_records
    )
)
{%- if content.masks or not content.stored %}
) AS record
{%- endif %};
