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
        KEY AS value,
        count() AS spans,
        countIf(status = 'error') AS failed,
        countIf(billable) AS calls,
        countIf(billable AND isNull(cost_usd)) AS unpriced,
        sumIf(cost_usd, billable) AS cost,
        sumOrNullIf(ifNull(input_tokens, 0) + ifNull(output_tokens, 0),
            billable AND (isNotNull(input_tokens) OR isNotNull(output_tokens))) AS tokens,
        sumIf(energy_kwh, billable) AS kwh
    FROM spans
    FIRST started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} THEN FILTER
    GROUP BY KEYS
)
ORDER BY cost DESC NULLS LAST, spans DESC, value
LIMIT {limit:UInt32}
