-- Hourly sums of rated calls by model, by tenant and by prompt, over the tenants that are looked at.
SELECT
    multiIf(grouping(model) = 0, 'model', grouping(tenant) = 0, 'tenant', 'prompt') AS level,
    provider,
    multiIf(level = 'model', model, level = 'tenant', tenant, prompt_name) AS key,
    hour,
    sum(usage.calls) AS all_calls,
    sum(if(whole, usage.calls, usage.cache_reported_calls)) AS calls,
    sum(ifNull(usage.input_tokens, 0)) AS all_tokens,
    sum(if(whole, ifNull(usage.input_tokens, 0), usage.cache_reported_input_tokens)) AS tokens,
    sum(ifNull(usage.cached_input_tokens, 0)) AS cached
FROM
(
    SELECT *, has({silent_zeros:Array(String)}, concat(provider, ' ', model)) AS whole
    FROM usage_parts
    WHERE hour >= {from:DateTime64(3)} AND hour < {to:DateTime64(3)} AND tenant IN {tenants:Array(String)}
) AS usage
GROUP BY GROUPING SETS ((hour, provider, model), (hour, provider, tenant), (hour, provider, prompt_name))
HAVING (level = 'model' OR key != '') AND (level != 'prompt' OR key IN {prompts:Array(String)})
