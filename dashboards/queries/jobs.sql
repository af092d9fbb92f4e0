-- The newest run of each job in the range, and what its runs were like.
SELECT run.job AS job, max(run.window_to) AS complete_until,
    argMax(toString(run.outcome), (run.window_to, run.version)) AS outcome,
    argMax(run.reason, (run.window_to, run.version)) AS reason,
    argMax(run.seconds, (run.window_to, run.version)) AS seconds,
    argMax(run.rows_read, (run.window_to, run.version)) AS rows_read,
    count() AS runs, countIf(run.outcome = 'failed') AS failed, countIf(run.outcome = 'not_computable') AS not_computable,
    quantile(0.9)(run.seconds) AS slow_seconds
FROM job_runs AS run
WHERE run.window_to >= {from:DateTime64(3)} AND run.window_from < {to:DateTime64(3)}
GROUP BY run.job
ORDER BY failed DESC, job
