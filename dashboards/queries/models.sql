-- Models that answered in the range, by what they cost.
SELECT
    provider, model, uniqExact(tenant) AS tenants, sum(usage.calls) AS calls, sum(usage.errors) AS errors,
    sum(usage.unpriced_calls) AS unpriced_calls, sum(usage.input_tokens) AS input_tokens,
    sum(usage.output_tokens) AS output_tokens, sum(usage.cost_usd) AS cost_usd,
    cost_usd / nullIf(calls - unpriced_calls, 0) AS cost_per_call, sum(usage.energy_kwh) AS energy_kwh,
    sum(usage.cached_input_tokens) / nullIf(sum(usage.cache_reported_input_tokens), 0) AS hit_rate
FROM usage
WHERE hour >= {from:DateTime64(3)} AND hour < {to:DateTime64(3)}
GROUP BY provider, model
ORDER BY cost_usd DESC NULLS LAST, calls DESC, model
LIMIT 500
