-- Every span with all its texts, and a number for each of its keys that means something (schema/mapping). A span that uses
-- only the newest OpenTelemetry names needs no more than that; all others are `foreign`.
{%- from 'texts.jinja' import texts %}
{#- All texts in one array: of the attributes, then of the events', then of the links'. #}
{%- set query %}(SELECT *,
    {{ texts('arrayConcat(encoded, arrayFlatten(arrayMap(x -> mapValues(x), event_attributes)), arrayFlatten(arrayMap(x -> mapValues(x), link_attributes)))') }} AS texts
    FROM otlp_spans){% endset %}
{#- Events' and links' texts go into JSON; what goes on beside keys and ids are the texts of the attributes. #}
{%- set query %}(SELECT keys, arraySlice(texts, 1, length(keys)) AS texts_of_keys, event_names,
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
    arrayMap(k -> {{ mapping.id_of_key('k') }}, keys) AS ids,
    CAST({{ mapping.kind_of_scope }}, 'UInt16') AS scope_kind
    FROM {{ query }}){% endset %}
CREATE MATERIALIZED VIEW keyed_from_otlp TO keyed_spans AS
SELECT whole, keys, texts_of_keys AS texts, event_names, ids, scope_kind,
    scope_kind NOT IN (0, {{ mapping.kind('otel') }}) OR arrayExists(i -> i > {{ mapping.newest }}, ids) AS foreign
    FROM {{ query }};
