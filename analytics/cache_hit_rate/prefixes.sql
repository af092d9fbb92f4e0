-- What stands at each place of the prompts of some calls before and after a break, and how many different values there are.
-- A conversation counts once for what it says: its messages come again with every turn, and one long one is not everybody.
WITH
    (
        SELECT greatest(1, intDiv(count(), {most:UInt64})) FROM spans
        WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND billable
            AND provider = {provider:String}
            AND ({tenant:String} = '' OR tenant = {tenant:String})
            AND ({prompt:String} = '' OR prompt_name = {prompt:String})
            AND ({model:String} = '' OR if(model_revision != '', model_revision, request_model) = {model:String})
    ) AS every
SELECT
    is_after, pair.1 AS place, pair.2 AS value, uniq(said_by) AS calls, min(started_at) AS first_seen,
    sum(calls) OVER (PARTITION BY is_after, place) AS all_calls,
    count() OVER (PARTITION BY is_after, place) AS distinct_values
FROM
(
    SELECT
        started_at >= {at:DateTime64(3)} AS is_after,
        started_at,
        if(startsWith(pair.1, 'message'), cityHash64(if(session_id != '', session_id, trace_id)), cityHash64(span_id, trace_id)) AS said_by,
        arrayJoin(arrayFilter(one -> one.2 != '', arrayConcat(
            [
                ('tool definitions', tools_hash_hex),
                ('system instructions', system_hash_hex),
                ('prompt version', toString(prompt_version)),
                ('prompt', prompt_hash),
                ('release', toString(release))
            ],
            arrayMap((hash, number) -> (concat('message ', toString(number)), lower(hex(hash))),
                arraySlice(message_hashes, 1, 4), arrayEnumerate(arraySlice(message_hashes, 1, 4)))))) AS pair
    FROM spans
    WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND billable
        AND provider = {provider:String}
        AND ({tenant:String} = '' OR tenant = {tenant:String})
        AND ({prompt:String} = '' OR prompt_name = {prompt:String})
        AND ({model:String} = '' OR if(model_revision != '', model_revision, request_model) = {model:String})
        AND cityHash64(trace_id) % every = 0
)
GROUP BY is_after, place, value
ORDER BY is_after, place, calls DESC, value
LIMIT 50 BY is_after, place
