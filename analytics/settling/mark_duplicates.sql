UPDATE spans
SET
    usage_role = 'duplicate', billable = false, duplicate_of = joinGet('settle_changes', 'winner', cityHash64(trace_id, span_id, ingested_at)),
    cost_status = 'none', cost_usd = NULL, cost_input_usd = NULL, cost_cached_usd = NULL, cost_write_usd = NULL,
    cost_output_usd = NULL, energy_source = 'none', energy_kwh = NULL, energy_kwh_low = NULL, energy_kwh_high = NULL,
    co2e_g = NULL
WHERE intDiv(toUnixTimestamp64Nano(started_at), 10000000000) IN (SELECT cell FROM settle_changes)
    AND cityHash64(trace_id, span_id, ingested_at) IN (SELECT row FROM settle_changes)
