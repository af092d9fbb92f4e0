-- The first and the last span of the window. Both ends are read in the order of the table: a few granules.
SELECT
    (
        SELECT started_at FROM spans
        WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
        ORDER BY started_at LIMIT 1
    ) AS first_at,
    (
        SELECT started_at FROM spans
        WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
        ORDER BY started_at DESC LIMIT 1
    ) AS last_at
