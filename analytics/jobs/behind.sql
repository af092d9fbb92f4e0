-- Whether spans of before `to`, accepted in this time, have not been settled.
SELECT count() > 0
FROM
(
    SELECT 1
    FROM spans
    WHERE ingested_at >= {settled:DateTime64(3, 'UTC')} AND ingested_at < {asked:DateTime64(3, 'UTC')}
        AND started_at < {to:DateTime64(3)}
    LIMIT 1
)
