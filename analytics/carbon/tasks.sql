-- Emissions of traces by feature, in the same parts, with what the test of a ratio needs: sums, squares, and products with
-- whether the trace was resolved. A task of several traces counts with each that ended well.
SELECT
    if(has({features:Array(String)}, settled_traces.feature), toString(settled_traces.feature), {others:String}) AS feature,
    toInt32(floor(dateDiff('hour', toDateTime({from:DateTime64(3)}, 'UTC'), toDateTime(started_at)) / {hours:UInt32})) AS part,
    count() AS traces,
    countIf(lower(task_outcome) IN {resolved:Array(String)}) AS resolved,
    sum(llm_calls) AS calls,
    sumKahan(settled_traces.co2e_g) AS co2e_g,
    sum(settled_traces.co2e_g * settled_traces.co2e_g) AS co2e_g_squared,
    sumIf(settled_traces.co2e_g, lower(task_outcome) IN {resolved:Array(String)}) AS co2e_g_resolved
FROM settled_traces FINAL
-- the anchor is the start of the span that came first: the trace's own, or a little later
WHERE
    (
        (anchor >= toDateTime({since:DateTime64(3)}, 'UTC') AND anchor < {to:DateTime64(3)} + INTERVAL 1 HOUR
            AND started_at >= {since:DateTime64(3)} AND started_at < {to:DateTime64(3)})
        OR (anchor >= toDateTime({week_from:DateTime64(3)}, 'UTC') AND anchor < {week_to:DateTime64(3)} + INTERVAL 1 HOUR
            AND started_at >= {week_from:DateTime64(3)} AND started_at < {week_to:DateTime64(3)})
    )
    AND settled_traces.co2e_g IS NOT NULL
GROUP BY feature, part
ORDER BY feature, part
