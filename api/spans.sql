-- One page of spans, newest first; `before` is the last row of the page before.
SELECT COLUMNS_ASKED
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND ({paged:UInt8} = 0
        OR (started_at, trace_id, span_id) < ({before:DateTime64(9)}, {before_trace:String}, {before_span:String}))
    AND FILTER
ORDER BY started_at DESC, trace_id DESC, span_id DESC
LIMIT {limit:UInt32}
