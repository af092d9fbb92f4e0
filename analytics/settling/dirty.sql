-- Slices to sum again: those written down, and those with an hour in a range that somebody else has changed.
SELECT DISTINCT toUnixTimestamp(slice) FROM
(
    SELECT slice FROM dirty_slices WHERE at <= {seen:DateTime64(6, 'UTC')}
    UNION ALL
    SELECT slice FROM
    (
        SELECT DISTINCT slice, hour FROM usage_slices
        UNION ALL
        SELECT DISTINCT slice, hour FROM usage_hours
    ) AS part
    CROSS JOIN (SELECT DISTINCT `from`, `to` FROM usage_dirty WHERE at <= {by_others:DateTime64(6, 'UTC')}) AS range
    WHERE hour >= toStartOfHour(range.`from`) AND hour < range.`to`
)
ORDER BY 1
