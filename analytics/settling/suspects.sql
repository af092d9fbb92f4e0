-- Of the traces in hand, those in which two calls look alike: a second look, with all their spans, goes to these only.
INSERT INTO settle_due (run, chunk, trace_hash, anchor, cells)
SELECT {suspects:UInt64}, chunk, trace_hash, anchor, cells
FROM settle_due
WHERE run = {run:UInt64} AND chunk = {chunk:UInt32} AND trace_hash IN
(
    SELECT cityHash64(trace_id) AS hash
    FROM spans
    WHERE usage_role IN ('leaf', 'duplicate')
        AND intDiv(toUnixTimestamp64Nano(started_at), 10000000000) IN
        (
            SELECT DISTINCT arrayJoin(cells) FROM settle_due
            WHERE run = {run:UInt64} AND chunk = {chunk:UInt32}
        )
        AND hash IN (SELECT trace_hash FROM settle_due WHERE run = {run:UInt64} AND chunk = {chunk:UInt32})
    GROUP BY hash
    HAVING count() > 1 AND (
        length(arrayDistinct(groupArray(ifNull(toInt64(output_tokens), -1)) AS tokens)) < length(tokens)
        OR countIf(input_tokens IS NULL AND output_tokens IS NULL) > 0
        OR length(arrayDistinct(groupArrayIf(cityHash64(response_id), response_id != '') AS responses)) < length(responses))
)
