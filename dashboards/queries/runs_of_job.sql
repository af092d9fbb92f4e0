SELECT window_to, toString(outcome) AS outcome, reason, started_at, seconds
FROM job_runs
WHERE job = {job:String}
ORDER BY window_to DESC, started_at DESC
LIMIT 1
