-- What was called in the traces of the range that have a span which passes the filter. Names are those of `edges`.
SELECT
    toString(operation) AS operation,
    multiIf(
        operation IN ('chat', 'completion', 'embeddings', 'rerank'),
            multiIf(model_revision != '', model_revision, request_model != '', request_model, spans.name),
        operation = 'tool' AND tool_name != '', tool_name,
        operation = 'agent' AND agent_name != '', agent_name,
        operation = 'workflow' AND workflow != '', workflow,
        spans.name) AS node,
    count() AS calls, countIf(status = 'error') AS errors, sum(ifNull(spans.duration_ns, 0)) AS duration_ns,
    sumIf(spans.cost_usd, billable) AS cost_usd
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND operation != 'other' AND usage_role != 'duplicate'
    AND ({filtered:UInt8} = 0 OR trace_id IN (SELECT trace_id FROM spans
        WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND FILTER))
GROUP BY operation, node
ORDER BY cost_usd DESC NULLS LAST, calls DESC
LIMIT 1000
