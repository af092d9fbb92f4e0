-- The share of a sample of a range's spans that pass a filter.
SELECT countIf(FILTER) / greatest(count(), 1)
FROM spans
PREWHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND intDiv(toUnixTimestamp64Milli(started_at), {slot:Int64}) IN {slots:Array(Int64)}
