-- Tables that hold nothing after an upgrade: all but prices, factors and the like.
SELECT name
FROM system.tables
WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND total_rows = 0
ORDER BY name
