SELECT job, toString(outcome), count()
FROM job_runs
GROUP BY job, outcome
ORDER BY job, outcome
