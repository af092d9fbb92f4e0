SELECT
    run_id, job, window_from, window_to, toString(trigger) AS trigger, toString(outcome) AS outcome, reason, started_at,
    seconds, rows_read, rows_by_statement, candidates, findings, notes
FROM job_runs
WHERE job = {job:String} OR {job:String} = ''
ORDER BY version DESC
LIMIT {limit:UInt32}
