SELECT
    name,
    ifNull(total_rows, 0),
    ifNull(total_bytes, 0),
    multiIf(
        name = 'spans', (SELECT nullIf(toUnixTimestamp64Milli(max(ingested_at)), 0) FROM spans WHERE started_at > now() - INTERVAL 2 DAY),
        name = 'events', (SELECT nullIf(toUnixTimestamp64Milli(max(ingested_at)), 0) FROM events WHERE time > now() - INTERVAL 2 DAY),
        (SELECT nullIf(toUnixTimestamp64Milli(max(ingested_at)), 0) FROM metric_points WHERE time > now() - INTERVAL 2 DAY)
    ) / 1000
FROM system.tables
WHERE database = currentDatabase() AND name IN ('spans', 'events', 'metric_points')
ORDER BY name
