-- Who asked for the same thing more than once: the same prompt, model and size of the request, or the same failure, or
-- the same answer of a tool. `same` is the same for such acts of one run, conversation or user.
SELECT
    cityHash64(
        cityHash64(tenant, if(session_id != '', session_id, user_id),
            if(session_id = '' AND user_id = '', concat(agent_name, '\n', service), '')),
        if(operation = 'tool', tool_name, prompt_name), request_model, tool_arguments_hash, tool_result_hash,
        error_type, ifNull(input_tokens, 0), message_hashes.size0) AS same,
    count() AS times
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND (billable OR operation = 'tool' AND (tool_arguments_hash != '' OR status = 'error' OR error_type != ''))
    AND purpose != 'eval'
    AND ({slices:UInt8} = 1 OR cityHash64(tenant, user_id, session_id) % {slices:UInt8} = {slice:UInt8})
GROUP BY same
HAVING times > 1
ORDER BY times DESC, same
LIMIT {traces:UInt32}
