-- Prompts that were called in the range, by what they cost. Calls that name no prompt are the row without a name.
SELECT
    prompt_name, uniqExact(prompt_version) AS versions, argMax(prompt_version, hour) AS newest_version,
    uniqExact(model) AS models, uniqExact(tenant) AS tenants, sum(usage.calls) AS calls, sum(usage.errors) AS errors,
    sum(usage.unpriced_calls) AS unpriced_calls, sum(usage.cost_usd) AS cost_usd,
    cost_usd / nullIf(calls - unpriced_calls, 0) AS cost_per_call, sum(usage.energy_kwh) AS energy_kwh,
    sum(usage.cached_input_tokens) / nullIf(sum(usage.cache_reported_input_tokens), 0) AS hit_rate,
    min(hour) AS first_hour, max(hour) AS last_hour
FROM usage
WHERE hour >= {from:DateTime64(3)} AND hour < {to:DateTime64(3)}
GROUP BY prompt_name
ORDER BY cost_usd DESC NULLS LAST, calls DESC, prompt_name
LIMIT 500
