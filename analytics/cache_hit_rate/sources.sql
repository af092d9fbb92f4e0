-- What each emitter says of cached input in the window, and how unequal its calls are. An emitter that reports cached
-- tokens but never a zero leaves the attribute out when nothing was cached.
SELECT
    provider,
    if(model_revision != '', model_revision, request_model) AS model,
    service,
    scope,
    scope_version,
    count() AS calls,
    countIf(spans.cached_input_tokens IS NOT NULL) AS reported,
    countIf(spans.cached_input_tokens = 0) AS zeros,
    sum(toFloat64(spans.input_tokens)) AS tokens,
    sum(toFloat64(spans.input_tokens) * toFloat64(spans.input_tokens)) AS squares
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND billable AND spans.input_tokens > 0
GROUP BY provider, model, service, scope, scope_version
ORDER BY calls DESC
LIMIT 5000
