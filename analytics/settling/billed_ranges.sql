-- Stretches of neighbouring cells, as seconds, in which calls have become billable.
SELECT min(cell) * 10 AS since, max(cell) * 10 + 10 AS until
FROM
(
    SELECT cell, toInt64(cell) - row_number() OVER (ORDER BY cell) AS stretch
    FROM (SELECT DISTINCT cell FROM settle_changes WHERE bill)
)
GROUP BY stretch
ORDER BY since
