SELECT DISTINCT toUnixTimestamp(toStartOfHour(slice)) AS hour, _partition_id
FROM usage_slices
WHERE slice < toDateTime({limit:UInt32}, 'UTC') AND hour <= {limit:UInt32}
ORDER BY hour
LIMIT 1
