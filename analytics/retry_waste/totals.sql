-- What there was in all, and how much of it could be seen.
SELECT
    countIf(billable) AS calls,
    countIf(billable AND (status = 'error' OR error_type != '')) AS failed_calls,
    sumIf(spans.cost_usd, billable) AS cost_usd,
    sumIf(spans.energy_kwh, billable) AS energy_kwh,
    countIf(billable AND cost_status = 'unpriced') AS unpriced_calls,
    countIf(billable AND message_hashes.size0 > 0) AS calls_with_content,
    countIf(operation = 'tool') AS tool_calls,
    countIf(operation = 'tool' AND tool_arguments_hash != '') AS tool_calls_with_arguments,
    countIf(operation = 'tool' AND tool_result_hash != '') AS tool_calls_with_results
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND (billable OR operation = 'tool')
