-- How long the spans of some groups, and first all spans, take, within 1 %; where there are very many spans, in slots of
-- time. Those of all other groups are one.
SELECT grouping(value) AS is_all, if(KEY IN {values:Array(String)}, KEY, NULL) AS value,
    arrayMap(each -> toFloat64(each), quantilesDD(0.01, 0.5, 0.95)(assumeNotNull(duration_ns))) AS took
FROM spans
PREWHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND intDiv(toUnixTimestamp64Milli(started_at), {slot:Int64}) IN {slots:Array(Int64)}
WHERE isNotNull(duration_ns) AND FILTER
GROUP BY value WITH ROLLUP
