-- How many spans there are, are selected, and lie in the time of the selection.
SELECT
    count() AS spans,
    countIf(INSIDE) AS selected,
    countIf(started_at >= {inner_from:DateTime64(3)} AND started_at < {inner_to:DateTime64(3)}) AS around
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND FILTER
