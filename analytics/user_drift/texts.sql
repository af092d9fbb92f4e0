-- What users said with these calls, where texts are stored.
SELECT trace_id, text
FROM
(
    SELECT trace_id, toDate(started_at) AS day, message_hashes[-1] AS hash
    FROM spans
    WHERE started_at IN {moments:Array(DateTime64(9, 'UTC'))} AND trace_id IN {traces:Array(String)} AND user_characters > 0
) AS said
INNER JOIN
(
    SELECT day, hash, any(text) AS text
    FROM messages
    WHERE day IN {days:Array(Date)} AND hash IN (
        SELECT message_hashes[-1]
        FROM spans
        WHERE started_at IN {moments:Array(DateTime64(9, 'UTC'))} AND trace_id IN {traces:Array(String)})
    GROUP BY day, hash
) AS stored USING (day, hash)
