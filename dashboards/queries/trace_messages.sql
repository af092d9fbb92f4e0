-- The bounds of time spare a look at all other days.
-- What was said in a trace, each message once, by the call in which it came first. A text is cut to what a page shows.
SELECT tupleElement(said.earliest, 3) AS span_id, tupleElement(said.earliest, 4) AS answer, found.role AS role,
    substringUTF8(found.text, 1, {most:UInt32}) AS text, found.size AS size
FROM
(
    SELECT hash, min((started_at, place, span_id, answer)) AS earliest
    FROM
    (
        SELECT block.span_id AS span_id, block.started_at AS started_at, block.part.1 AS hash, block.part.2 AS place,
            block.part.3 AS answer
        FROM
        (
            SELECT span_id, started_at, arrayJoin(arrayConcat(
                arrayMap((hash, place) -> (hash, place, false), message_hashes, arrayEnumerate(message_hashes)),
                arrayMap((hash, place) -> (hash, length(message_hashes) + place, true), output_hashes,
                    arrayEnumerate(output_hashes)))) AS part
            FROM spans
            WHERE trace_id = {trace_id:String}
                AND started_at >= {first:DateTime64(9)} AND started_at <= {last:DateTime64(9)}
        ) AS block
    )
    GROUP BY hash
) AS said
LEFT ANY JOIN
(
    SELECT hash, role, text, size FROM messages
    WHERE day IN (SELECT toDate(started_at) FROM spans WHERE trace_id = {trace_id:String}
            AND started_at >= {first:DateTime64(9)} AND started_at <= {last:DateTime64(9)})
        AND hash IN (SELECT arrayJoin(arrayConcat(message_hashes, output_hashes)) FROM spans WHERE trace_id = {trace_id:String}
            AND started_at >= {first:DateTime64(9)} AND started_at <= {last:DateTime64(9)})
) AS found ON found.hash = said.hash
ORDER BY said.earliest
LIMIT {limit:UInt32}
