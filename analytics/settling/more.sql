SELECT count() > 0 FROM
(
    SELECT 1 FROM spans
    WHERE ingested_at >= {from:DateTime64(3, 'UTC')} AND ingested_at < {until:DateTime64(3, 'UTC')}
    LIMIT 1
)
