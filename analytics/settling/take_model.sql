UPDATE spans
SET request_model = joinGet('settle_changes', 'winner', cityHash64(trace_id, span_id, ingested_at)),
    flag_bits = bitOr(flag_bits, 4)
WHERE intDiv(toUnixTimestamp64Nano(started_at), 10000000000) IN (SELECT cell FROM settle_changes WHERE bill)
    AND cityHash64(trace_id, span_id, ingested_at) IN (SELECT row FROM settle_changes WHERE bill)
