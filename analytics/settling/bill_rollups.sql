UPDATE spans
SET usage_role = 'leaf', billable = true, flag_bits = bitOr(flag_bits, 32), cost_status = 'unpriced'
WHERE toStartOfMinute(started_at) IN (SELECT minute FROM settle_changes WHERE bill)
    AND cityHash64(trace_id, span_id, ingested_at) IN (SELECT row FROM settle_changes WHERE bill)
