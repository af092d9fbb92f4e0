UPDATE spans
SET
    usage_role = 'rollup', billable = false, flag_bits = bitAnd(flag_bits, bitNot(toUInt32(32))), cost_status = 'none',
    cost_usd = NULL, cost_input_usd = NULL, cost_cached_usd = NULL, cost_write_usd = NULL, cost_output_usd = NULL
WHERE intDiv(toUnixTimestamp64Nano(started_at), 10000000000) IN (SELECT cell FROM settle_changes WHERE NOT bill)
    AND cityHash64(trace_id, span_id, ingested_at) IN (SELECT row FROM settle_changes WHERE NOT bill)
