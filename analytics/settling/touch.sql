-- In which cells of time the traces of the new spans have spans.
INSERT INTO trace_times (month, trace_hash, first, cells, last, spans)
SELECT
    toYYYYMM({until:DateTime64(3, 'UTC')}),
    cityHash64(trace_id) AS trace_hash,
    (min(ingested_at), toDateTime(min(started_at), 'UTC')),
    groupUniqArray(toUInt32(intDiv(toUnixTimestamp64Nano(started_at), 10000000000))),
    max(ingested_at),
    count()
FROM spans
WHERE ingested_at >= {from:DateTime64(3, 'UTC')} AND ingested_at < {until:DateTime64(3, 'UTC')}
    AND trace_id NOT IN ('', '00000000000000000000000000000000')
GROUP BY trace_hash
