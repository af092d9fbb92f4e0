-- What evaluations said of the traces in which a version was called, each score once a version; a trace with two
-- versions counts with both. SUBJECT and VERSION are columns of spans.
SELECT called.version AS version, said.name AS name, count() AS n, avg(said.score) AS score, stddevSamp(said.score) AS deviation
FROM
(
    SELECT DISTINCT trace_id, VERSION AS version
    FROM spans
    WHERE billable AND SUBJECT = {subject:String}
        AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
) AS called
INNER JOIN
(
    SELECT trace_id, evaluation_name AS name, score_value AS score
    FROM events
    WHERE evaluation_name != '' AND isNotNull(score_value) AND time >= {from:DateTime64(3)}
) AS said ON called.trace_id = said.trace_id
GROUP BY version, name
ORDER BY version, name
