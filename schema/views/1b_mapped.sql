-- For each text the column that it fills: `values` and `slots` are parallel, and `values[indexOf(slots, n)]` is the text of
-- column n. All of it is for foreign spans; the others' ids are their columns.
{%- set query = 'keyed_spans' %}
{#- What carriers hold: each object's members one step deeper, as far as somebody asks for them. A Python literal
becomes JSON token by token. #}
{%- set query %}(SELECT whole, keys, texts, event_names, ids, scope_kind, foreign,
    if(NOT foreign OR NOT arrayExists(i -> i BETWEEN {{ mapping.carrier_range }}, ids), [],
        arrayFold((members, depth) -> arrayConcat(members, arrayFlatten(arrayMap(p -> arrayMap(q -> (
                    toUInt8(depth + 1), concat(p.2, if(depth = 0, '', '.'), q.1), q.2), JSONExtractKeysAndValuesRaw(p.3)),
                arrayFilter(p -> p.1 = depth AND (depth = 0 OR p.2 IN ({{ mapping.inner_paths }})), members)))),
            range(4),
            arrayMap((i, v) -> (toUInt8(0), concat(toString(i), '#'), if(
                    length(v) <= 65536 AND match(v, '^\\s*[{\\[]\\s*(?:[\\[{]\\s*)*\''),
                    arrayStringConcat(arrayMap(t -> multiIf(
                            startsWith(t, '\''), toJSONString(replaceAll(replaceAll(substring(t, 2, length(t) - 2), '\\\'', '\''), '\\\\', '\\')),
                            t = 'None', 'null', t = 'True', 'true', t = 'False', 'false', t = '(', '[', t = ')', ']', t),
                        extractAll(v, '"(?:[^"\\\\]|\\\\.)*"|\'(?:[^\'\\\\]|\\\\.)*\'|None|True|False|[^\'"NTF()]+|.'))),
                    v)),
                arrayFilter(i -> i BETWEEN {{ mapping.carrier_range }}, ids),
                arrayFilter((v, i) -> i BETWEEN {{ mapping.carrier_range }}, texts, ids)))) AS carried
    FROM {{ query }}){% endset %}
{%- set query %}(SELECT whole, keys, texts, event_names, ids, scope_kind, foreign,
    arrayConcat(ids, arrayMap(p -> {{ mapping.id_of_path('p.2') }}, carried)) AS all_ids,
    arrayConcat(texts, arrayMap(p -> multiIf(startsWith(p.3, '"'), JSONExtractString(p.3), p.3 = 'null', '',
        endsWith(p.3, '.0'), substring(p.3, 1, length(p.3) - 2), p.3), carried)) AS values
    FROM {{ query }}){% endset %}
{#- The dialect: by scope, else by attributes; then the variant of it. #}
{%- set query %}(SELECT whole, keys, texts, event_names, ids, scope_kind, foreign, all_ids, values,
    multiIf(
        scope_kind > 0, scope_kind,
        NOT foreign, if(arrayExists(i -> i IN ({{ mapping.gen_ai_ids }}), ids), {{ mapping.kind('gen_ai') }}, 0),
        arrayMin(arrayPushBack(arrayMap(i -> {{ mapping.table('markers', 'i', 'toUInt16(999)', 'UInt16') }}, all_ids), 999))) AS found_kind
    FROM {{ query }}){% endset %}
{%- set query %}(SELECT whole, keys, texts, event_names, ids, foreign, all_ids, values,
    multiIf(
        NOT foreign, found_kind,
        found_kind = 999, if(arrayExists(k -> startsWith(k, 'gen_ai.'), keys), {{ mapping.kind('gen_ai') }}, 0),
        greatest(found_kind, arrayMax(arrayMap(i -> {{ mapping.table('refinements', 'toUInt32(found_kind) * ' ~ mapping.kinds_bound ~ ' + i', 'toUInt16(0)', 'UInt16') }}, all_ids)))) AS span_kind
    FROM {{ query }}){% endset %}
{#- The code of each text's rule; 0 where it has none or nothing to say. Of the rules of a column the first is kept. #}
{%- set query %}(SELECT whole, keys, texts, event_names, ids, foreign, all_ids, values, span_kind,
    if(NOT foreign, [], arrayMap((i, v) -> if(v IN ('', '[]', 'None'), 0,
        {{ mapping.table('own', 'span_kind * ' ~ mapping.kinds_bound ~ ' + i', mapping.table('anywhere', 'i', '0', 'UInt32'), 'UInt32') }}),
        all_ids, values)) AS codes
    FROM {{ query }}){% endset %}
{%- set query %}(SELECT whole, keys, texts, event_names, ids, foreign, all_ids, values, span_kind, codes,
    if(NOT foreign, [], arrayMap(sorted -> arrayFilter(
            (c, before) -> intDiv(c, {{ mapping.ranks }}) != intDiv(before, {{ mapping.ranks }}),
            sorted, arrayPopBack(arrayPushFront(sorted, 0))), [arraySort(arrayFilter(c -> c > 0, codes))])[1]) AS winners
    FROM {{ query }}){% endset %}
CREATE MATERIALIZED VIEW mapped_from_keyed TO mapped_spans AS
SELECT whole, keys, texts, event_names, ids, foreign, all_ids, values, span_kind,
    if(NOT foreign, ids, arrayMap(c -> if(has(winners, c), intDiv(c, {{ mapping.ranks }}), 0), codes)) AS slots
    FROM {{ query }};
