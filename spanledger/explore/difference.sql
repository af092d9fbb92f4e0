-- Each attribute's values with their spans in the selection and in the rest. Where there are too many spans to look at
-- all, slots of time are drawn, more of them for the selection: blocks of spans between them are not read.
-- Resources are few, so they are taken apart after counting. The key '' counts spans and their traces: spans of a trace
-- are much alike, so a hundred of one trace say less than of a hundred traces.
SELECT
    pair.1 AS key, substringUTF8(pair.2, 1, {longest:UInt32}) AS value, sum(selected) AS selected, sum(others) AS others,
    sum(traces) AS traces, sum(other_traces) AS other_traces
FROM
(
    SELECT
        arrayJoin(if(pair.1 = 'resource',
            arrayMap(each -> (concat('resource.', each.1), each.2), JSONExtractKeysAndValues(pair.2, 'String')),
            [pair])) AS pair,
        selected, others, traces, other_traces
    FROM
    (
        SELECT pair, countIf(inside) AS selected, countIf(NOT inside) AS others,
            uniqIf(trace, inside AND pair.1 = '') AS traces, uniqIf(trace, NOT inside AND pair.1 = '') AS other_traces
        FROM
        (
            SELECT
                ifNull(INSIDE, 0) AS inside,
                cityHash64(trace_id) AS trace,
                arrayJoin(arrayPushFront(arrayFilter(each -> each.2 != '', arrayConcat(
                    COLUMNS,
                    arrayMap((name, text) -> (concat('attributes.', name), substringUTF8(text, 1, {longest:UInt32})),
                        mapKeys(attributes), mapValues(attributes)))), ('', ''))) AS pair
            FROM spans
            PREWHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
                AND (intDiv(toUnixTimestamp64Milli(started_at), {rest_slot:Int64}) IN {rest_slots:Array(Int64)}
                    OR intDiv(toUnixTimestamp64Milli(started_at), {slot:Int64}) IN {slots:Array(Int64)})
            WHERE FILTER
                AND (intDiv(toUnixTimestamp64Milli(started_at), {rest_slot:Int64}) IN {rest_slots:Array(Int64)}
                    OR ifNull(INSIDE, 0))
                AND (intDiv(toUnixTimestamp64Milli(started_at), {slot:Int64}) IN {slots:Array(Int64)}
                    OR NOT ifNull(INSIDE, 0))
        )
        GROUP BY pair
    )
)
GROUP BY key, value
ORDER BY selected / {many:Float64} + others / {many_others:Float64} DESC, value
LIMIT {values:UInt32} BY key
LIMIT {rows:UInt32}
