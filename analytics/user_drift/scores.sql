-- What evaluations say of these traces, each evaluation's newest word on each.
SELECT
    toString(evaluation_name) AS name,
    trace_id,
    argMax(tuple(events.score_value), time).1 AS score,
    toString(argMax(score_label, time)) AS label
FROM events
WHERE time >= {from:DateTime64(3)} AND time < {to:DateTime64(3)} + INTERVAL 1 DAY
    AND trace_id IN {traces:Array(String)}
    AND evaluation_name != '' AND (events.score_value IS NOT NULL OR score_label != '')
GROUP BY name, trace_id
ORDER BY name, trace_id
