-- The newest spans of the range, shortened to what a row can show.
SELECT
    trace_id,
    formatDateTime(started_at, '%Y-%m-%d %H:%i:%S', 'UTC') AS started,
    service,
    substringUTF8(name, 1, 200) AS name,
    if(request_model != '', request_model, provider) AS model,
    tenant,
    input_tokens,
    output_tokens,
    duration_ns,
    toString(status) AS status
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
ORDER BY started_at DESC
LIMIT {limit:UInt32}
