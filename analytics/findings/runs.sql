-- Windows that were looked at: the newest run of each that did not fail, where its inputs were there.
SELECT toUnixTimestamp64Milli(window_from), toUnixTimestamp64Milli(window_to)
FROM job_runs
WHERE job = {job:String} AND outcome != 'failed'
GROUP BY window_from, window_to
HAVING argMax(outcome, version) = 'ok'
