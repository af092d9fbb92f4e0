-- Who asked for the same thing again, over as many traces as it took: the same prompt, model and size of the request (or
-- the same failure, or the same answer of a tool) at least ten times within an hour, or by one user twice within a quarter
-- of an hour. `same` is the same for such acts; the inner statement keeps those that are not alone from the rest.
SELECT arrayJoin(traces) AS trace_hash, cost_usd
FROM
(
    SELECT
        arraySort(groupArray(toUnixTimestamp(started_at))) AS times,
        groupUniqArray(2000)(cityHash64(trace_id)) AS traces,
        ifNull(sum(spans.cost_usd), 0) AS cost_usd
    FROM spans
    WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
        AND (billable OR operation = 'tool' AND (tool_arguments_hash != '' OR status = 'error' OR error_type != ''))
        AND purpose != 'eval'
        AND cityHash64(
                tenant, if(session_id != '', session_id, user_id),
                if(session_id = '' AND user_id = '', agent_name, ''), if(session_id = '' AND user_id = '', service, ''),
                if(operation = 'tool', tool_name, prompt_name), request_model, tool_arguments_hash, tool_result_hash,
                error_type, ifNull(input_tokens, 0), message_hashes.size0)
            IN
            (
                SELECT cityHash64(
                    tenant, if(session_id != '', session_id, user_id),
                    if(session_id = '' AND user_id = '', agent_name, ''),
                    if(session_id = '' AND user_id = '', service, ''),
                    if(operation = 'tool', tool_name, prompt_name), request_model, tool_arguments_hash,
                    tool_result_hash, error_type, ifNull(input_tokens, 0), message_hashes.size0) AS same
                FROM spans
                WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
                    AND (billable OR operation = 'tool'
                        AND (tool_arguments_hash != '' OR status = 'error' OR error_type != ''))
                    AND purpose != 'eval'
                    AND same % {slices:UInt8} = {slice:UInt8}
                GROUP BY same
                HAVING count() > 1
            )
    GROUP BY cityHash64(
        tenant, if(session_id != '', session_id, user_id),
        if(session_id = '' AND user_id = '', agent_name, ''), if(session_id = '' AND user_id = '', service, ''),
        if(operation = 'tool', tool_name, prompt_name), request_model, tool_arguments_hash, tool_result_hash,
        error_type, ifNull(input_tokens, 0), message_hashes.size0)
    HAVING arrayExists((tenth, first) -> tenth - first <= 3600,
            arraySlice(times, 10), arraySlice(times, 1, greatest(toInt64(length(times)) - 9, 0)))
        OR (any(session_id != '' OR user_id != '') AND length(traces) > 1
            AND arrayExists((next, one) -> next - one <= 900, arrayPopFront(times), arrayPopBack(times)))
    ORDER BY cost_usd DESC
    LIMIT {traces:UInt32}
)
LIMIT {traces:UInt32}
