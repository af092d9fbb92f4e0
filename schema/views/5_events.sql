-- A record's time is its own, or when it was observed, or else when it was accepted. Most have no severity, and many no
-- trace: that is no problem. A record without any time is one.
-- Content is kept back as it is from spans.
{%- from "masks.jinja" import masked, without_content with context %}
{%- from "texts.jinja" import texts %}
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
            {{ texts('arrayPushBack(encoded, encoded_body)') }} AS texts
        FROM otlp_log_records
    )
)
{%- if content.masks or not content.stored %}
) AS record
{%- endif %};
