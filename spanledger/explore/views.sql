SELECT view_id, name, address, formatDateTime(saved_at, '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS saved_at
FROM saved_views FINAL
WHERE {view_id:String} IN ('', view_id)
ORDER BY lowerUTF8(name), view_id
LIMIT {limit:UInt32}
