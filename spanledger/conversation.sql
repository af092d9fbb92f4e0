-- What a span sent and got, in order. A span that came twice is taken once.
WITH span AS
(
    SELECT toDate(started_at) AS day, tools_hash, system_hash, message_hashes, message_offsets, output_hashes
    FROM spans
    WHERE trace_id = {trace_id:String} AND span_id = {span_id:String}
    LIMIT 1
)
SELECT
    block.part,
    block.position,
    lower(hex(block.hash)) AS hash,
    if(empty(found.kind), '', found.role) AS role,
    if(empty(found.kind), NULL, found.size) AS size,
    block.tokens_before,
    if(empty(found.kind), NULL, found.text) AS text
FROM
(
    SELECT day, part, position, hash, tokens_before, rowNumberInAllBlocks() AS place
    FROM span
    ARRAY JOIN
        arrayConcat(['tools', 'system'], arrayMap(_ -> 'input', message_hashes), arrayMap(_ -> 'output', output_hashes)) AS part,
        arrayConcat([0, 0], arrayEnumerate(message_hashes), arrayEnumerate(output_hashes)) AS position,
        arrayConcat([tools_hash, system_hash], message_hashes, output_hashes) AS hash,
        arrayConcat([NULL, NULL], message_offsets, arrayMap(_ -> NULL, output_hashes)) AS tokens_before
    WHERE hash != toFixedString('', 16)
) AS block
LEFT ANY JOIN
(
    SELECT hash, toString(kind) AS kind, role, size, text
    FROM messages
    WHERE day IN (SELECT day FROM span) AND hash IN (
        SELECT arrayJoin(arrayConcat([tools_hash, system_hash], message_hashes, output_hashes)) FROM span)
) AS found ON found.hash = block.hash
ORDER BY block.place
