-- Each attribute's values with their spans in the selection and in the rest. Where there are too many spans to look at
-- all, slots of time are drawn, more of them for the selection: blocks of spans between them are not read.
-- Resources are few, so they are taken apart after counting. The key '' counts spans and their traces: spans of a trace
-- are much alike, so a hundred of one trace say less than of a hundred traces.
-- Attributes are counted again by the size of the numbers in them, in `steps` of a power of two, under keys that begin
-- with `sizes.`; n stands before the steps of numbers below zero, and `texts` says how many different texts are numbers.
SELECT
    pair.1 AS key, substringUTF8(pair.2, 1, {longest:UInt32}) AS value, sum(selected) AS selected, sum(others) AS others,
    sum(traces) AS traces, sum(other_traces) AS other_traces, countIf(value != 'text') AS texts
FROM
(
    SELECT
        ifNull(toFloat64OrNull(counted.2), nan) AS number,
        arrayJoin(multiIf(
            counted.1 = 'resource',
            arrayMap(each -> (concat('resource.', each.1), each.2), JSONExtractKeysAndValues(counted.2, 'String')),
            startsWith(counted.1, 'attributes.'),
            [counted, (concat('sizes.', substring(counted.1, 12)), multiIf(
                NOT abs(number) < {largest:Float64}, 'text',
                number = 0, 'zero',
                concat(if(number < 0, 'n', ''), toString(toInt32(floor(log2(abs(number)) * {steps:UInt8}))))))],
            [counted])) AS pair,
        selected, others, traces, other_traces
    FROM
    (
        SELECT counted, countIf(inside) AS selected, countIf(NOT inside) AS others,
            uniqIf(trace, inside AND counted.1 = '') AS traces, uniqIf(trace, NOT inside AND counted.1 = '') AS other_traces
        FROM
        (
            SELECT
                ifNull(INSIDE, 0) AS inside,
                cityHash64(trace_id) AS trace,
                arrayJoin(arrayPushFront(arrayFilter(each -> each.2 != '', arrayConcat(
                    COLUMNS,
                    arrayMap((name, text) -> (concat('attributes.', name), substringUTF8(text, 1, {longest:UInt32})),
                        mapKeys(attributes), mapValues(attributes)))), ('', ''))) AS counted
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
        GROUP BY counted
    )
)
GROUP BY key, value
ORDER BY selected / {many:Float64} + others / {many_others:Float64} DESC, value
LIMIT {values:UInt32} BY key, if(startsWith(key, 'sizes.'), value, '')
LIMIT {rows:UInt32}
