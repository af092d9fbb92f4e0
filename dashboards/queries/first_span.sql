-- The newest span of all.
SELECT trace_id, substringUTF8(name, 1, 200) AS name, service
FROM spans
ORDER BY started_at DESC
LIMIT 1
