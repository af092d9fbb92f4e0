-- The hours whose sums have this trace's calls, for later: written before the calls go, so that a crash is no loss.
INSERT INTO usage_dirty (`from`, `to`, reason, at)
SELECT DISTINCT
    toStartOfHour(started_at), toStartOfHour(started_at) + INTERVAL 1 HOUR, concat('deleted ', {value:String}),
    now64(6, 'UTC') + INTERVAL 1 HOUR
FROM spans
WHERE trace_id = {value:String} AND billable
