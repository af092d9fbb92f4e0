-- Prompts with what their calls took, or the versions of one, the dearest first. Null: no call told it. By whole hours.
SELECT
    PROMPT_KEY,
    min(hour) AS first_hour,
    max(hour) AS last_hour,
    sum(usage.calls) AS calls,
    sum(usage.errors) AS errors,
    uniqExact(tenant) AS tenants,
    groupUniqArray(20)(model) AS models,
    sum(usage.input_tokens) AS input_tokens,
    sum(usage.cached_input_tokens) AS cached_input_tokens,
    sum(usage.output_tokens) AS output_tokens,
    sumKahan(usage.cost_usd) AS cost_usd,
    sum(usage.unpriced_calls) AS unpriced_calls,
    sumKahan(usage.energy_kwh) AS energy_kwh,
    sumKahan(usage.co2e_g) AS co2e_g
FROM usage
WHERE hour >= toStartOfHour({from:DateTime64(3, 'UTC')}) AND hour < {to:DateTime64(3, 'UTC')}
    AND prompt_name != '' AND ({name:String} = '' OR prompt_name = {name:String})
    AND ({tenant:String} = '' OR tenant = {tenant:String})
GROUP BY GROUP_KEYS
ORDER BY calls DESC, GROUP_KEYS
LIMIT {limit:UInt32}
