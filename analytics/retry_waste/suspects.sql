-- Traces in which a model was asked again, the dearest first: a call that failed among others, or several calls of one
-- prompt and model with no tools to explain them. What each was is for the spans to say: this statement only keeps the
-- other traces from being read one by one. `worth` is the most that can have been wasted. There may be a million groups:
-- their numbers are as small as they can be, for writing groups to disk doubles the time.
SELECT
    trace_hash,
    spans,
    failed,
    failed_usd AS failed_cost_usd,
    if(evident > 1 AND calls > tools + 1 AND (cells < calls OR calls > 4), usd, failed_usd) AS worth_usd
FROM
(
    SELECT
        cityHash64(trace_id) AS trace_hash,
        sumWithOverflow(toUInt32(1)) AS spans,
        sumWithOverflow(toUInt32(billable)) AS calls,
        sumWithOverflow(toUInt32(operation != 'tool' AND (status = 'error' OR error_type != ''))) AS failed,
        sumWithOverflow(toUInt32(operation = 'tool')) AS tools,
        sumWithOverflow(toUInt32(billable AND (message_hashes.size0 > 0
            OR attributes['gen_ai.output.type'] = 'json'
            OR attributes['gen_ai.openai.request.response_format'] LIKE 'json%'
            OR attributes['gen_ai.request.structured_output_schema'] != ''
            OR attributes['llm.request.structured_output_schema'] != ''
            OR attributes['ai.schema'] != ''))) AS evident,
        max(ifNull(attempt, 0) >= 1) AS resent,
        uniqUpToIf(3)(toUInt32(cityHash64(cityHash64(prompt_name), cityHash64(request_model))), billable) AS cells,
        sum(if(billable, ifNull(cost_usd, 0), 0)) AS usd,
        sum(if(billable AND (status = 'error' OR error_type != ''), ifNull(cost_usd, 0), 0)) AS failed_usd
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
