-- Second layers: spans of one provider call, of which one is billed. A call's spans share the id of its response and
-- overlap in time, or are one span sent twice, or lie inside each other with the same model and the same tokens. One
-- without tokens belongs to the call around it, or to the only call within it. Of them the one is billed that has
-- tokens, a cost from the client, the split of cache writes, and is innermost: none of that changes when more spans
-- come, so a loser never wins again.
INSERT INTO settle_changes (row, minute, slice, bill, winner)
WITH
    holders AS
    (
        SELECT
            span.* EXCEPT (run, request_model, model_revision),
            arrayFilter(x -> x != '', [toString(request_model), toString(model_revision)]) AS models,
            input_tokens IS NULL AND output_tokens IS NULL AS mute,
            link.holder AS holder
        FROM (SELECT * FROM settle_spans WHERE run = {run:UInt64} AND holds) AS span
        LEFT ANY JOIN
        (
            SELECT id, holder FROM settle_links WHERE run = {run:UInt64} AND round = {round:UInt8}
        ) AS link ON span.id = link.id
    ),
    calls AS (SELECT * FROM holders WHERE usage_role != 'rollup' AND NOT from_rollup),
    nested AS
    (
        SELECT
            within.id AS id,
            within.mute AS mute,
            around.id AS around_id,
            around.mute AS around_mute,
            level,
            within.output_tokens <=> around.output_tokens AND (within.input_tokens <=> around.input_tokens
                OR ifNull(within.raw_input_tokens = around.raw_input_tokens, false)) AS same_tokens
        FROM
        (
            SELECT
                call.id AS id, call.mute AS mute, call.models AS models, call.start_ns AS start_ns,
                call.end_ns AS end_ns, call.input_tokens AS input_tokens, call.raw_input_tokens AS raw_input_tokens,
                call.output_tokens AS output_tokens, around_id, level
            FROM calls AS call
            LEFT ANY JOIN (SELECT id, holder FROM holders) AS first ON call.holder = first.id
            LEFT ANY JOIN (SELECT id, holder FROM holders) AS second ON first.holder = second.id
            LEFT ANY JOIN (SELECT id, holder FROM holders) AS third ON second.holder = third.id
            ARRAY JOIN [call.holder, first.holder, second.holder, third.holder] AS around_id, [1, 2, 3, 4] AS level
        ) AS within
        INNER JOIN calls AS around ON within.around_id = around.id
        WHERE (empty(within.models) OR empty(around.models) OR hasAny(within.models, around.models))
            AND around.start_ns <= within.start_ns + {slack_ns:UInt64}
            AND within.end_ns <= around.end_ns + {slack_ns:UInt64}
    ),
    tops AS
    (
        SELECT id, if(any(mute), argMin(around_id, level), argMax(around_id, level)) AS top
        FROM nested
        WHERE (mute OR same_tokens)
        GROUP BY id
    ),
    lonely AS
    (
        SELECT around_id AS id, any(if(tops.top = 0, nested.id, tops.top)) AS top
        FROM nested
        LEFT ANY JOIN tops ON nested.id = tops.id
        WHERE around_mute AND NOT mute
        GROUP BY around_id
        HAVING uniqExact(if(tops.top = 0, nested.id, tops.top)) = 1
    ),
    topped AS
    (
        SELECT
            call.row AS row, call.trace_hash AS trace_hash, call.id AS id, call.span_id AS span_id,
            call.response_id AS response_id, call.started_at AS started_at, call.ingested_at AS ingested_at,
            call.start_ns AS start_ns, call.end_ns AS end_ns, call.marked AS marked, call.winner AS winner,
            (NOT call.marked, NOT call.mute, call.client_cost_usd IS NOT NULL, call.cache_write_1h_tokens IS NOT NULL,
                -toInt64(call.end_ns - call.start_ns), call.start_ns, call.span_id, -toUnixTimestamp64Milli(call.ingested_at),
                call.row) AS rank,
            if(once.top = 0, call.id, once.top) AS top_once,
            if(twice.top = 0, top_once, twice.top) AS top_twice,
            if(alone.top = 0, top_twice, alone.top) AS top
        FROM calls AS call
        LEFT ANY JOIN tops AS once ON call.id = once.id
        LEFT ANY JOIN tops AS twice ON if(once.top = 0, call.id, once.top) = twice.id
        LEFT ANY JOIN lonely AS alone
            ON if(twice.top = 0, if(once.top = 0, call.id, once.top), twice.top) = alone.id
    ),
    overlapping AS
    (
        SELECT *, sum(apart) OVER (PARTITION BY trace_hash, response_id ORDER BY start_ns, row) AS island
        FROM
        (
            SELECT *, start_ns > max(end_ns) OVER (PARTITION BY trace_hash, response_id ORDER BY start_ns, row
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS apart
            FROM topped
        )
    ),
    answered AS
    (
        SELECT *, if(response_id = '', top, min(top) OVER (PARTITION BY trace_hash, response_id, island)) AS answer
        FROM overlapping
    )
SELECT
    member.1, toStartOfMinute(member.2), toStartOfInterval(member.3, toIntervalSecond({slice:UInt32})), false, best
FROM
(
    SELECT argMax(span_id, rank) AS best, max(rank).9 AS best_row,
        groupArray((row, started_at, ingested_at, winner)) AS members
    FROM (SELECT *, min(answer) OVER (PARTITION BY trace_hash, top) AS call_key FROM answered)
    GROUP BY trace_hash, call_key
    HAVING count() > 1
)
ARRAY JOIN members AS member
WHERE member.1 != best_row AND member.4 != best
