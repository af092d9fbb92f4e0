-- Of a sample of the calls: how many have an HTTP request below them, so that what was resent inside can be seen.
SELECT countIf(span_id IN
    (
        SELECT parent_span_id FROM spans
        WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
            AND kind = 'client' AND operation = 'other' AND cityHash64(trace_id) % {part:UInt32} = 0
    ) OR attempt IS NOT NULL) AS visible, count() AS calls
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND billable AND cityHash64(trace_id) % {part:UInt32} = 0
