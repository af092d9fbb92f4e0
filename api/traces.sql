-- One page of settled traces, newest first, of which some span passes a filter; `before` is the last row of the page before.
SELECT *
FROM traces
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND ({paged:UInt8} = 0 OR (started_at, trace_id) < ({before:DateTime64(9)}, {before_trace:String}))
    AND ({filtered:UInt8} = 0 OR trace_id IN (SELECT trace_id FROM spans
        WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND FILTER))
ORDER BY started_at DESC, trace_id DESC
LIMIT {limit:UInt32}
