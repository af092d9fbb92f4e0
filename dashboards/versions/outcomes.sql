-- How traces ended in which a version was called, where somebody said so. SUBJECT and VERSION are columns of spans.
SELECT called.version AS version, ended.task_outcome AS outcome, count() AS traces
FROM
(
    SELECT DISTINCT trace_id, VERSION AS version
    FROM spans
    WHERE billable AND SUBJECT = {subject:String}
        AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
) AS called
INNER JOIN
(
    SELECT trace_id, task_outcome
    FROM traces
    WHERE task_outcome_source IN ('attribute', 'evaluation')
        AND started_at >= {from:DateTime64(3)} - toIntervalDay(1) AND started_at < {to:DateTime64(3)}
) AS ended ON called.trace_id = ended.trace_id
GROUP BY version, outcome
ORDER BY version, traces DESC
