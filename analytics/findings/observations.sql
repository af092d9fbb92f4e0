-- What counts of what was said of some findings, oldest first: of each window what its newest run said that did not fail.
-- Only the history before the newest observation that the life looks at; of older ones when they began (1970: none is).
WITH counting AS
(
    SELECT finding_id, run_id, window_from, window_to, since, until, severity, persistent
    FROM finding_observations
    WHERE job = {job:String} AND finding_id IN {ids:Array(String)} AND run_id IN
    (
        SELECT argMax(run_id, version)
        FROM job_runs
        WHERE job = {job:String} AND outcome != 'failed'
        GROUP BY window_from, window_to
    )
)
SELECT
    finding_id, run_id, window_from, window_to, since, until, severity, persistent,
    minIf(since, NOT recent) OVER (PARTITION BY finding_id) AS older
FROM
(
    SELECT
        *,
        window_to >= max(window_to) OVER (PARTITION BY finding_id) - toIntervalDay({history:UInt32}) AS recent
    FROM counting
)
QUALIFY recent
ORDER BY finding_id, window_to, window_from
