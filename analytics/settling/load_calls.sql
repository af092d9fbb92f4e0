-- The spans of a chunk of traces, as far as it takes to see which of them are one call.
INSERT INTO settle_spans (run, row, trace_hash, id, parent, span_id, started_at, ingested_at, start_ns, end_ns, operation,
    request_model, model_revision, scope, response_id, usage_role, from_rollup, marked, winner, holds, input_tokens,
    raw_input_tokens, cache_write_1h_tokens, output_tokens, client_cost_usd)
SELECT
    {run:UInt64},
    cityHash64(trace_id, span_id, ingested_at),
    cityHash64(trace_id) AS trace_hash,
    cityHash64(trace_id, span_id),
    if(parent_span_id IN ('', '0000000000000000'), 0, cityHash64(trace_id, parent_span_id)),
    span_id, started_at, ingested_at,
    toUInt64(toUnixTimestamp64Nano(started_at)) AS start_ns,
    start_ns + ifNull(duration_ns, 0),
    toString(operation),
    request_model, model_revision, scope, response_id,
    toString(usage_role),
    bitTest(flag_bits, 5),
    usage_role = 'duplicate' AND duplicate_of != '' AS marked,
    duplicate_of,
    (usage_role = 'leaf' OR marked
        OR (usage_role = 'rollup' AND (input_tokens > 0 OR output_tokens > 0 OR client_cost_usd > 0))) = 1,
    input_tokens, raw_input_tokens, cache_write_1h_tokens, output_tokens, client_cost_usd
FROM spans
WHERE intDiv(toUnixTimestamp64Nano(started_at), 10000000000) IN
    (
        SELECT DISTINCT arrayJoin(cells) FROM settle_due WHERE run = {run:UInt64} AND chunk = {chunk:UInt32}
    )
    AND cityHash64(trace_id) IN
    (
        SELECT trace_hash FROM settle_due WHERE run = {run:UInt64} AND chunk = {chunk:UInt32}
    )
