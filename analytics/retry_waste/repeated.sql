-- Of these acts, those that came at least ten times within an hour, or by one user twice within a quarter of an hour:
-- their traces. Whether it was the same request, and what for, is for the spans to say.
SELECT arrayJoin(traces) AS trace_hash, cost_usd AS worth_usd
FROM
(
    SELECT
        arraySort(groupArray(toUnixTimestamp(started_at))) AS times,
        groupUniqArray(2000)(cityHash64(trace_id)) AS traces,
        any(session_id != '' OR user_id != '') AS of_somebody,
        ifNull(sum(spans.cost_usd), 0) AS cost_usd
    FROM spans
    WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
        AND (billable OR operation = 'tool')
        AND same IN {same:Array(UInt64)}
    GROUP BY cityHash64(
        cityHash64(tenant, if(session_id != '', session_id, user_id),
            if(session_id = '' AND user_id = '', concat(agent_name, '\n', service), '')),
        if(operation = 'tool', tool_name, prompt_name), request_model, tool_arguments_hash, tool_result_hash,
        error_type, ifNull(input_tokens, 0), message_hashes.size0) AS same
)
WHERE arrayExists((tenth, first) -> tenth - first <= 3600,
        arraySlice(times, 10), arraySlice(times, 1, greatest(toInt64(length(times)) - 9, 0)))
    OR (of_somebody AND length(traces) > 1
        AND arrayExists((next, one) -> next - one <= 900, arrayPopFront(times), arrayPopBack(times)))
ORDER BY worth_usd DESC, trace_hash
LIMIT {traces:UInt32}
