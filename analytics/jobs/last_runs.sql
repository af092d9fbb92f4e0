-- Of each job the newest window that was run, and how that ended.
SELECT
    job,
    max(window_to) AS last_window_to,
    toString(argMax(outcome, (window_to, version))) AS last_outcome
FROM job_runs
GROUP BY job
