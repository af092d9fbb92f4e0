-- Where the next step may end: behind the slice in which `most` spans are reached, at most an hour after its first span.
WITH
    (
        SELECT min(ingested_at) FROM spans
        WHERE ingested_at >= {from:DateTime64(3, 'UTC')} AND ingested_at < {safe:DateTime64(3, 'UTC')}
    ) AS first_at,
    counted AS
    (
        SELECT toStartOfInterval(ingested_at, toIntervalSecond({slice:UInt32}), 'UTC') AS slice, count() AS many
        FROM spans
        WHERE ingested_at >= first_at AND ingested_at < least({safe:DateTime64(3, 'UTC')}, first_at + INTERVAL 1 HOUR)
        GROUP BY slice
    )
SELECT toUnixTimestamp(slice), many, sum(many) OVER (ORDER BY slice) AS reached
FROM counted
WHERE slice + {slice:UInt32} <= {safe:DateTime64(3, 'UTC')}
ORDER BY slice
