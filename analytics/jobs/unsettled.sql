-- When the earliest span began that has not been settled, in ms; none: far in the future.
SELECT if(count() = 0, 9999999999999, toUnixTimestamp64Milli(toDateTime64(min(started_at), 3, 'UTC')))
FROM spans
WHERE ingested_at >= {settled:DateTime64(3, 'UTC')}
