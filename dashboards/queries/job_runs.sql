SELECT job, window_from, window_to, started_at, seconds, toString(outcome) AS outcome, reason, rows_read, findings,
    toString(trigger) AS trigger
FROM job_runs
WHERE window_to >= {from:DateTime64(3)} AND window_from < {to:DateTime64(3)}
ORDER BY started_at DESC
LIMIT 200
