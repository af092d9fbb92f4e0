-- Sums by the keys, and beside them the sums of all. The dearest come first, then the most frequent.
SELECT
    value, spans, failed, calls, unpriced, cost, tokens, kwh,
    sum(spans) OVER () AS all_spans,
    sum(failed) OVER () AS all_failed,
    sum(calls) OVER () AS all_calls,
    sum(unpriced) OVER () AS all_unpriced,
    sum(cost) OVER () AS all_cost,
    sum(tokens) OVER () AS all_tokens,
    sum(kwh) OVER () AS all_kwh
FROM
(
    SELECT
        if(model_revision != '', model_revision, request_model) AS value,
        count() AS spans,
        countIf(status = 'error') AS failed,
        countIf(billable) AS calls,
        countIf(billable AND isNull(cost_usd)) AS unpriced,
        sumIf(cost_usd, billable) AS cost,
        sumOrNullIf(ifNull(input_tokens, 0) + ifNull(output_tokens, 0),
            billable AND (isNotNull(input_tokens) OR isNotNull(output_tokens))) AS tokens,
        sumIf(energy_kwh, billable) AS kwh
    FROM spans
    WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND ((tenant = 'acme' AND (trace_id, span_id) IN (SELECT trace_id, parent_span_id FROM spans WHERE started_at >= {from:DateTime64(3)} - INTERVAL 1 HOUR AND started_at < {to:DateTime64(3)} + INTERVAL 1 HOUR AND tool_name = 'search')) AND (toUInt8(billable) = 1 AND cost_usd >= 0.005))
    GROUP BY if(model_revision != '', model_revision, request_model)
)
ORDER BY cost DESC NULLS LAST, spans DESC, value
LIMIT {limit:UInt32}
