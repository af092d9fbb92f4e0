-- Traces that missed most of what they should have read from the cache.
SELECT trace_id, sum(spans.input_tokens) - sum(ifNull(spans.cached_input_tokens, 0)) AS missed
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND billable AND spans.input_tokens > 0
    AND provider = {provider:String}
    AND ({tenant:String} = '' OR tenant = {tenant:String})
    AND ({prompt:String} = '' OR prompt_name = {prompt:String})
    AND ({model:String} = '' OR if(model_revision != '', model_revision, request_model) = {model:String})
GROUP BY trace_id
ORDER BY missed DESC, trace_id
LIMIT 20
