UPDATE spans
SET status = 'error',
    error_kind = splitByChar(' ', joinGet('settle_changes', 'winner', cityHash64(trace_id, span_id, ingested_at)))[1],
    error_type = arrayStringConcat(arrayPopFront(splitByChar(' ', joinGet('settle_changes', 'winner', cityHash64(trace_id, span_id, ingested_at)))), ' ')
WHERE intDiv(toUnixTimestamp64Nano(started_at), 10000000000) IN (SELECT cell FROM settle_changes WHERE bill)
    AND cityHash64(trace_id, span_id, ingested_at) IN (SELECT row FROM settle_changes WHERE bill)
