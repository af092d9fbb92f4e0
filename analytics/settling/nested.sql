-- Calls inside calls, up to four layers, where both may be the same call: one model, and the inner one within the outer
-- one's time.
INSERT INTO settle_nested
SELECT
    {run:UInt64},
    within.id,
    within.mute,
    around.id,
    around.mute,
    within.level,
    within.output_tokens <=> around.output_tokens AND (within.input_tokens <=> around.input_tokens
        OR ifNull(within.raw_input_tokens = around.raw_input_tokens, false))
FROM
(
    SELECT call.* EXCEPT (holders), around_id, level
    FROM
    (
        SELECT
            span.id AS id, start_ns, end_ns, input_tokens, raw_input_tokens, output_tokens, mute, models,
            [first.holder, second.holder, third.holder, fourth.holder] AS holders
        FROM
        (
            SELECT
                id, start_ns, end_ns, input_tokens, raw_input_tokens, output_tokens,
                input_tokens IS NULL AND output_tokens IS NULL AS mute,
                arrayFilter(x -> x != '', [toString(request_model), toString(model_revision)]) AS models
            FROM settle_spans
            WHERE run = {run:UInt64} AND holds AND usage_role != 'rollup' AND NOT from_rollup
        ) AS span
        LEFT ANY JOIN (SELECT id, holder FROM settle_links WHERE run = {run:UInt64} AND round = {round:UInt8}) AS first
            ON span.id = first.id
        LEFT ANY JOIN (SELECT id, holder FROM settle_links WHERE run = {run:UInt64} AND round = {round:UInt8}) AS second
            ON first.holder = second.id
        LEFT ANY JOIN (SELECT id, holder FROM settle_links WHERE run = {run:UInt64} AND round = {round:UInt8}) AS third
            ON second.holder = third.id
        LEFT ANY JOIN (SELECT id, holder FROM settle_links WHERE run = {run:UInt64} AND round = {round:UInt8}) AS fourth
            ON third.holder = fourth.id
    ) AS call
    ARRAY JOIN holders AS around_id, [1, 2, 3, 4] AS level
    WHERE around_id != 0
) AS within
INNER JOIN
(
    SELECT
        id, start_ns, end_ns, input_tokens, raw_input_tokens, output_tokens,
        input_tokens IS NULL AND output_tokens IS NULL AS mute,
        arrayFilter(x -> x != '', [toString(request_model), toString(model_revision)]) AS models
    FROM settle_spans
    WHERE run = {run:UInt64} AND holds AND usage_role != 'rollup' AND NOT from_rollup
    LIMIT 1 BY id
) AS around ON within.around_id = around.id
WHERE (empty(within.models) OR empty(around.models) OR hasAny(within.models, around.models))
    AND around.start_ns <= within.start_ns + {slack_ns:UInt64} AND within.end_ns <= around.end_ns + {slack_ns:UInt64}
