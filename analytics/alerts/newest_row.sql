-- When the newest span came in, of those of the last two days; null: none did.
SELECT if(count() = 0, NULL, toString(max(toDateTime64(ingested_at, 3, 'UTC'))))
FROM spans
WHERE started_at > now64(9, 'UTC') - INTERVAL 2 DAY
