-- Calls of one subject by version, in the order in which the versions came. SUBJECT and VERSION are columns of spans.
SELECT
    VERSION AS version, count() AS calls, countIf(status = 'error') AS errors,
    countIf(has(finish_reasons, 'content_filter')) AS refusals, countIf(has(finish_reasons, 'length')) AS cut_answers,
    countIf(cost_status = 'unpriced') AS unpriced_calls, sum(spans.cost_usd) AS cost_usd, avg(spans.cost_usd) AS cost_per_call,
    quantile(0.5)(duration_ns) AS p50_ns, quantile(0.95)(duration_ns) AS p95_ns,
    avg(spans.input_tokens) AS input_tokens, avg(spans.output_tokens) AS output_tokens,
    sum(cached_input_tokens) / nullIf(sumIf(spans.input_tokens, isNotNull(cached_input_tokens)), 0) AS hit_rate,
    min(started_at) AS first_seen, max(started_at) AS last_seen, uniqExact(tenant) AS tenants,
    arraySort(groupUniqArray(4)(if(model_revision != '', model_revision, request_model))) AS models
FROM spans
WHERE billable AND SUBJECT = {subject:String}
    AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
GROUP BY version
ORDER BY first_seen DESC
LIMIT 100
