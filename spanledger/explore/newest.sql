-- The newest spans that fit, shortened to what a row can show.
SELECT
    trace_id, span_id, formatDateTime(started_at, '%Y-%m-%d %H:%i:%S', 'UTC') AS started, substringUTF8(service, 1, 200) AS service,
    substringUTF8(name, 1, 200) AS name, toString(operation) AS operation,
    substringUTF8(if(model_revision != '', model_revision, request_model), 1, 200) AS model,
    substringUTF8(tenant, 1, 200) AS tenant, duration_ns,
    if(billable, cost_usd, NULL) AS cost_usd, billable, input_tokens, output_tokens,
    toString(status) AS status, substringUTF8(error_type, 1, 100) AS error_type
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND FILTER
ORDER BY started_at DESC
LIMIT {limit:UInt32}
