-- When the first span of a time began, in ms; the table is sorted by it.
SELECT toUnixTimestamp64Milli(toDateTime64(started_at, 3, 'UTC'))
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
ORDER BY started_at
LIMIT 1
