-- Sums of the window's calls by hour and model, by prompt and by tenant: the report, and who is big enough to be looked at.
-- A call is rated when it said how much it had from the cache, or when its emitter is silent only about zeros.
SELECT
    multiIf(grouping(hour) = 0, 'model', grouping(tenant) = 0, 'tenant', 'prompt') AS level,
    provider,
    multiIf(level = 'model', model, level = 'tenant', tenant, prompt_name) AS key,
    if(level = 'model', hour, toDateTime(0, 'UTC')) AS hour_of,
    sum(usage.calls) AS all_calls,
    sum(usage.input_tokens) AS all_tokens,
    sum(if(whole, usage.calls, usage.cache_reported_calls)) AS rated_calls,
    sum(if(whole, ifNull(usage.input_tokens, 0), usage.cache_reported_input_tokens)) AS rated_tokens,
    sum(ifNull(usage.cached_input_tokens, 0)) AS cached,
    sum(usage.cost_usd) AS cost_usd
FROM
(
    SELECT *, has({silent_zeros:Array(String)}, concat(provider, ' ', model)) AS whole
    FROM usage_parts
    WHERE hour >= {from:DateTime64(3)} AND hour < {to:DateTime64(3)}
) AS usage
GROUP BY GROUPING SETS ((hour, provider, model), (provider, tenant), (provider, prompt_name))
ORDER BY level, cost_usd DESC NULLS LAST, all_tokens DESC
LIMIT {most:UInt32} BY level
