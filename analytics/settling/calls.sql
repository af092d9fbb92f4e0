-- Second layers: spans of one provider call, of which one is billed. A call's spans share the id of its response and
-- overlap in time, or are one span sent twice, or lie inside each other with the same model and the same tokens. One
-- without tokens belongs to the call around it, or to the only call within it. Of them the one is billed that has
-- tokens, a cost from the client, the split of cache writes, and is innermost: none of that changes when more spans
-- come, so a loser never wins again.
INSERT INTO settle_changes (row, cell, slice, bill, winner)
SELECT
    member.1, intDiv(toUnixTimestamp64Nano(member.2), 10000000000), toStartOfInterval(member.3, toIntervalSecond({slice:UInt32})), false, best.7
FROM
(
    SELECT max(rank) AS best, groupArray((row, started_at, ingested_at, winner)) AS members
    FROM
    (
        SELECT *, min(answer) OVER (PARTITION BY top) AS call_key
        FROM
        (
            SELECT *, if(response_id = '', top, min(top) OVER (PARTITION BY trace_hash, response_id, island)) AS answer
            FROM
            (
                SELECT *, sum(apart) OVER (PARTITION BY trace_hash, response_id ORDER BY start_ns, row) AS island
                FROM
                (
                    SELECT *, start_ns > max(end_ns) OVER (PARTITION BY trace_hash, response_id ORDER BY start_ns, row
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS apart
                    FROM
                    (
                        SELECT
                            row, trace_hash, response_id, started_at, ingested_at, start_ns, end_ns, winner, rank,
                            multiIf(alone.top != 0, alone.top, twice.top != 0, twice.top, once.top != 0, once.top,
                                call.id) AS top
                        FROM
                        (
                            SELECT
                                row, id, trace_hash, response_id, started_at, ingested_at, start_ns, end_ns, winner,
                                (NOT marked, input_tokens IS NOT NULL OR output_tokens IS NOT NULL,
                                    client_cost_usd IS NOT NULL, cache_write_1h_tokens IS NOT NULL,
                                    -toInt64(end_ns - start_ns), start_ns, span_id,
                                    -toUnixTimestamp64Milli(ingested_at), row) AS rank
                            FROM settle_spans
                            WHERE run = {run:UInt64} AND holds AND usage_role != 'rollup' AND NOT from_rollup
                        ) AS call
                        LEFT ANY JOIN (SELECT id, top FROM settle_tops WHERE run = {run:UInt64} AND round = 0) AS once
                            ON call.id = once.id
                        LEFT ANY JOIN (SELECT id, top FROM settle_tops WHERE run = {run:UInt64} AND round = 0) AS twice
                            ON once.top = twice.id
                        LEFT ANY JOIN (SELECT id, top FROM settle_tops WHERE run = {run:UInt64} AND round = 1) AS alone
                            ON multiIf(twice.top != 0, twice.top, once.top != 0, once.top, call.id) = alone.id
                    )
                )
            )
        )
    )
    GROUP BY trace_hash, call_key
    HAVING count() > 1
)
ARRAY JOIN members AS member
WHERE member.1 != best.9 AND member.4 != best.7
