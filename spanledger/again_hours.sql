-- Calls by hour: who goes over a day again goes through them in steps of bounded memory.
SELECT toUnixTimestamp(toStartOfHour(started_at)) AS hour, count() AS calls
FROM spans
WHERE started_at >= {from:DateTime64(3, 'UTC')} AND started_at < {to:DateTime64(3, 'UTC')} AND billable
GROUP BY hour
ORDER BY hour
