-- At which block does the prefix of a later span leave that of an earlier one? Tools, then system instructions, then
-- messages from 1. Tokens in common are NULL where they are not known: within tools and system instructions they are
-- not counted apart.
WITH
    earlier AS
    (
        SELECT arrayConcat([tools_hash, system_hash], message_hashes) AS before
        FROM spans
        WHERE trace_id = {earlier_trace:String} AND span_id = {earlier_span:String} AND notEmpty(message_hashes)
        LIMIT 1
    ),
    later AS
    (
        SELECT arrayConcat([tools_hash, system_hash], message_hashes) AS after, message_offsets, input_tokens
        FROM spans
        WHERE trace_id = {later_trace:String} AND span_id = {later_span:String} AND notEmpty(message_hashes)
        LIMIT 1
    )
SELECT
    multiIf(different = 0, '', different = 1, 'tools', different = 2, 'system', 'message') AS block,
    if(different > 2, different - 2, 0) AS position,
    multiIf(
        different = 1, toNullable(toUInt64(0)),
        different = 2, NULL,
        different > 2, message_offsets[different - 2],
        length(after) > length(before), message_offsets[length(before) - 1],
        input_tokens) AS tokens_in_common
FROM
(
    SELECT
        before,
        after,
        message_offsets,
        input_tokens,
        least(length(before), length(after)) AS shorter,
        arrayFirstIndex((one, other) -> one != other, arrayResize(before, shorter), arrayResize(after, shorter)) AS different
    FROM earlier
    CROSS JOIN later
)
