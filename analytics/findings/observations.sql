-- What counts of what was said of some findings: of each window what its newest run said that did not fail. One row a
-- finding, with the history before its newest observation that its life looks at, and when it began of all. Times in ms.
WITH
    counting AS
    (
        SELECT argMax(run_id, version)
        FROM job_runs
        WHERE job = {job:String} AND outcome != 'failed'
        GROUP BY window_from, window_to
    ),
    newest AS
    (
        SELECT finding_id, max(window_to) AS last, min(since) AS oldest
        FROM finding_observations
        WHERE job = {job:String} AND finding_id IN {ids:Array(String)} AND run_id IN counting
        GROUP BY finding_id
    )
SELECT
    finding_id,
    toUnixTimestamp64Milli(any(oldest)),
    groupArray(run_id),
    groupArray(toUnixTimestamp64Milli(window_from)),
    groupArray(toUnixTimestamp64Milli(window_to)),
    groupArray(toUnixTimestamp64Milli(since)),
    groupArray(toUnixTimestamp64Milli(until)),
    groupArray(toString(severity)),
    groupArray(persistent)
FROM
(
    SELECT finding_id, run_id, window_from, window_to, since, until, severity, persistent
    FROM finding_observations
    WHERE job = {job:String} AND finding_id IN {ids:Array(String)} AND run_id IN counting
        AND window_to >= (SELECT min(last) FROM newest) - toIntervalHour({history_hours:UInt32})
) AS said
INNER JOIN newest USING finding_id
WHERE window_to >= last - toIntervalHour({history_hours:UInt32})
GROUP BY finding_id
