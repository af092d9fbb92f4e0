SELECT said.started_at, said.trace_id, said.user_id, said.user_characters, stored.text
FROM
(
    SELECT started_at, trace_id, user_id, user_characters, message_hashes[-1] AS hash
    FROM spans
    WHERE started_at >= {{ since }} AND started_at < {{ until }} AND trace_id IN {{ traces }} AND user_characters > 0
) AS said
LEFT ANY JOIN
(
    SELECT hash, text
    FROM messages
    WHERE day >= toDate({{ since }}) AND hash IN
    (
        SELECT message_hashes[-1] FROM spans
        WHERE started_at >= {{ since }} AND started_at < {{ until }} AND trace_id IN {{ traces }}
    )
) AS stored ON stored.hash = said.hash
ORDER BY said.started_at
