-- Models that were called in the range and have no price.
SELECT
    provider, if(model_revision != '', model_revision, request_model) AS model, count() AS calls,
    sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens, uniqExact(tenant) AS tenants,
    min(started_at) AS first_seen, max(started_at) AS last_seen
FROM spans
WHERE cost_status = 'unpriced' AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
GROUP BY provider, model
ORDER BY calls DESC, model
LIMIT 200
