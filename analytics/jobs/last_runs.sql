-- Of each job the run of the newest window, and how many runs there were.
SELECT
    job,
    argMax(run_id, (window_to, version)) AS run_id,
    max(window_to) AS window_to,
    toString(argMax(outcome, (window_to, version))) AS outcome
FROM job_runs
GROUP BY job
