-- What was run of a job's windows that ended since a time. `seen_until`: spans accepted before it were settled when the
-- newest run began that did not fail.
SELECT
    window_from, window_to,
    countIf(outcome != 'failed') > 0 AS done,
    count() AS tries,
    toUnixTimestamp64Milli(max(started_at)) AS last_at,
    toUnixTimestamp64Milli(maxIf(seen_until, outcome != 'failed')) AS seen_until
FROM job_runs
WHERE job = {job:String} AND window_to >= {since:DateTime64(3, 'UTC')}
GROUP BY window_from, window_to
