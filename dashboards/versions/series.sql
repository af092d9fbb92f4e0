-- Calls and their cost by version over time. SUBJECT and VERSION are columns of spans.
SELECT
    toStartOfInterval(started_at, toIntervalSecond({step:UInt32})) AS at, VERSION AS version, count() AS calls,
    avg(spans.cost_usd) AS cost_per_call
FROM spans
WHERE billable AND SUBJECT = {subject:String} AND VERSION IN {versions:Array(String)}
    AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
GROUP BY at, version
ORDER BY at, version
