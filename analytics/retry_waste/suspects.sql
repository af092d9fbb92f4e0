-- Traces in which a model was asked again, the dearest first: a call that failed among others, or several calls of one
-- prompt and model with no tools to explain them. What each was is for the spans to say: this statement only keeps the
-- other traces from being read one by one. `worth` is the most that can have been wasted.
SELECT
    trace_hash,
    spans,
    failed,
    ifNull(failed_usd, 0) AS failed_cost_usd,
    if(evident > 1 AND calls > tools + 1 AND (cells < calls OR calls > 4), ifNull(usd, 0), failed_cost_usd) AS worth_usd
FROM
(
    SELECT
        cityHash64(trace_id) AS trace_hash,
        toUInt32(count()) AS spans,
        toUInt32(countIf(billable)) AS calls,
        toUInt32(countIf(operation != 'tool' AND (status = 'error' OR error_type != ''))) AS failed,
        toUInt32(countIf(operation = 'tool')) AS tools,
        toUInt32(countIf(billable AND (message_hashes.size0 > 0
            OR attributes['gen_ai.output.type'] = 'json'
            OR attributes['gen_ai.openai.request.response_format'] LIKE 'json%'
            OR attributes['gen_ai.request.structured_output_schema'] != ''
            OR attributes['llm.request.structured_output_schema'] != ''
            OR attributes['ai.schema'] != ''))) AS evident,
        toUInt32(countIf(attempt >= 1)) AS resent,
        uniqUpToIf(4)(cityHash64(prompt_name, request_model), billable) AS cells,
        sumIf(cost_usd, billable) AS usd,
        sumIf(cost_usd, billable AND (status = 'error' OR error_type != '')) AS failed_usd
    FROM spans
    WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
        AND cityHash64(trace_id) % {slices:UInt8} = {slice:UInt8}
        AND (billable OR operation = 'tool' OR attempt >= 1
            OR (usage_role = 'duplicate' AND (status = 'error' OR error_type != '')))
    GROUP BY trace_hash
    HAVING (failed > 0 AND calls + failed > 1) OR resent > 0
        OR (evident > 1 AND calls > tools + 1 AND (cells < calls OR calls > 4))
)
ORDER BY worth_usd DESC, trace_hash
LIMIT {traces:UInt32}
