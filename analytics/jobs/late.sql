-- In which hours the spans that were accepted within a time began, and when the last of each came.
SELECT toUnixTimestamp(toStartOfHour(started_at, 'UTC')) AS hour, toUnixTimestamp64Milli(max(ingested_at)) AS newest
FROM spans
WHERE ingested_at >= {from:DateTime64(3, 'UTC')} AND ingested_at < {until:DateTime64(3, 'UTC')}
    AND started_at >= {oldest:DateTime64(3)}
GROUP BY hour
