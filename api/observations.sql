-- What runs said of a finding, newest window first; of each window its newest run that did not fail.
SELECT
    run_id, window_from, window_to, since, until, severity, effect, p_value, q_value, n, cost_usd, energy_kwh,
    tenants_hit, title
FROM finding_observations
WHERE job = {job:String} AND finding_id = {finding_id:String} AND run_id IN
(
    SELECT argMax(run_id, version)
    FROM job_runs
    WHERE job = {job:String} AND outcome != 'failed'
    GROUP BY window_from, window_to
)
ORDER BY window_to DESC, window_from
LIMIT {limit:UInt32}
