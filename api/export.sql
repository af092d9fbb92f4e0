-- Spans of a time range that pass a filter, in no order: so nothing has to be kept until all are known.
SELECT COLUMNS_ASKED
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND FILTER
LIMIT {limit:UInt64}
