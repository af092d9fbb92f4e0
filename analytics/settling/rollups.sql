-- Sums of an agent or a chain are billed only when no span below them has usage of its own (agents on another side),
-- and no longer, once one has.
INSERT INTO settle_changes (row, cell, slice, bill, winner)
SELECT
    row, intDiv(toUnixTimestamp64Nano(started_at), 10000000000), toStartOfInterval(ingested_at, toIntervalSecond({slice:UInt32})),
    NOT from_rollup, ''
FROM settle_spans
WHERE run = {run:UInt64} AND holds AND (usage_role = 'rollup' OR from_rollup)
    AND from_rollup = (id IN
    (
        SELECT link.holder
        FROM (SELECT id FROM settle_spans WHERE run = {run:UInt64} AND holds) AS span
        INNER JOIN
        (
            SELECT id, holder FROM settle_links WHERE run = {run:UInt64} AND round = {round:UInt8} AND holder != 0
        ) AS link ON span.id = link.id
    ))
