-- One provider's calls in the smallest cells that hold still, in hours before and after a break.
SELECT
    model, tenant, prompt_name AS prompt, feature, purpose,
    has({after:Array(DateTime('UTC'))}, hour) AS is_after,
    sum(if(whole, usage.calls, usage.cache_reported_calls)) AS calls,
    sum(if(whole, ifNull(usage.input_tokens, 0), usage.cache_reported_input_tokens)) AS tokens,
    sum(ifNull(usage.cached_input_tokens, 0)) AS cached,
    sum(ifNull(usage.cache_write_tokens, 0)) AS written,
    sum(ifNull(usage.input_tokens, 0)) AS all_tokens,
    sum(usage.unpriced_calls) AS unpriced,
    sum(usage.cost_input_usd) AS input_usd,
    sum(usage.cost_cached_usd) AS cached_usd,
    sum(usage.cost_write_usd) AS write_usd
FROM
(
    SELECT *, has({silent_zeros:Array(String)}, concat(provider, ' ', model)) AS whole
    FROM usage_parts
    WHERE hour IN {hours:Array(DateTime('UTC'))} AND tenant IN {tenants:Array(String)} AND provider = {provider:String}
) AS usage
GROUP BY model, tenant, prompt, feature, purpose, is_after
HAVING tokens > 0
ORDER BY tokens DESC
LIMIT 20000
