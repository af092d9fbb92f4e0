-- What evaluators and users said of a trace or its spans, the last first.
SELECT
    formatDateTime(time, '%Y-%m-%d %H:%i:%S', 'UTC') AS at, span_id, evaluation_name AS name, score_value AS value,
    score_label AS label, substringUTF8(explanation, 1, 2000) AS explanation
FROM events
WHERE trace_id = {trace_id:String} AND evaluation_name != ''
ORDER BY time DESC, name
LIMIT 200
