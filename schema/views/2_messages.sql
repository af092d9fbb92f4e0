-- Each message of an insert once, unless its day has it.
CREATE MATERIALIZED VIEW messages_from_blocks TO messages AS
SELECT
    said.day AS day,
    said.hash AS hash,
    any(kind) AS kind,
    any(text) AS text,
    multiIf(kind != 0, '', startsWith(text, '{"role":"user"'), 'user', startsWith(text, '{"role":"assistant"'), 'assistant',
        startsWith(text, '{'), JSONExtractString(text, 'role'), '') AS role,
    lengthUTF8(text) AS size,
    max(said.seconds_left) AS seconds_left
FROM
(
    SELECT
        toDate(started_at) AS day,
        toUInt32(4294967295 - toUnixTimestamp(started_at)) AS seconds_left,
        kind, hash, text
    FROM said_blocks
    ARRAY JOIN block_kinds AS kind, block_hashes AS hash, block_texts AS text
) AS said
LEFT ANY JOIN
(
    SELECT day, hash, max(seconds_left) AS seconds_left
    FROM messages
    WHERE day IN (SELECT toDate(started_at) FROM said_blocks)
        AND hash IN (SELECT arrayJoin(block_hashes) FROM said_blocks)
    GROUP BY day, hash
) AS stored ON stored.day = said.day AND stored.hash = said.hash
WHERE stored.seconds_left < said.seconds_left
GROUP BY day, hash;
