-- Calls side by side that two instrumentations saw: one that does not put its span into the context does not become the
-- parent of what is called within. Such layers come from different scopes, stand below the same span (a chain of spans
-- of a layer's own may be between), agree in tokens and model, do not have different responses, and one lies in the
-- time of the other, to the millisecond that some clocks have.
-- From the first end on, each call joins the one within it that started next after it and has no layer of its scope
-- yet. That is one to one, finds as many pairs as there are, and while outer layers of other calls are still to come
-- it does not put an inner one around them.
INSERT INTO settle_tops
SELECT {run:UInt64}, 0, arrayJoin(arrayPopFront(layers.3)), layers.3[1]
FROM
(
    SELECT arrayJoin(arrayFold(
        (calls, span) -> arrayMap(
            at -> arraySort(arrayPushBack(
                arrayFilter((call, place) -> place != at, calls, arrayEnumerate(calls)),
                if(at = 0,
                    (-span.2, span.1, [span.6], [span.5], span.7, span.8),
                    (calls[at].1, calls[at].2, arrayPushBack(calls[at].3, span.6), arrayPushBack(calls[at].4, span.5),
                        calls[at].5, if(calls[at].6 = 0, span.8, calls[at].6))))),
            [arrayFirstIndex(
                call -> -span.2 <= call.1 AND call.2 <= span.1 AND NOT has(call.4, span.5) AND hasAny(call.5, span.7)
                    AND (call.6 = 0 OR span.8 = 0 OR call.6 = span.8),
                calls)])[1],
        arraySort(groupArray((end_ms, -start_ms, end_ns, -start_ns, scope, id, models, response))),
        CAST([], 'Array(Tuple(Int64, Int64, Array(UInt64), Array(UInt64), Array(UInt64), UInt64))'))) AS layers
    FROM
    (
        SELECT *, sum(apart) OVER (PARTITION BY trace_hash, below, input_tokens, output_tokens ORDER BY start_ms, id) AS island
        FROM
        (
            SELECT *, start_ms > max(end_ms) OVER (PARTITION BY trace_hash, below, input_tokens, output_tokens
                ORDER BY start_ms, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS apart
            FROM
            (
                SELECT
                    trace_hash, call.id AS id, scope, models, response, input_tokens, output_tokens,
                    start_ns, end_ns, intDiv(start_ns, 1000000) AS start_ms, intDiv(end_ns, 1000000) AS end_ms,
                    if(min(scope) OVER (PARTITION BY trace_hash, parent) != max(scope) OVER (PARTITION BY trace_hash, parent),
                        parent, link.outside) AS below
                FROM
                (
                    SELECT
                        trace_hash, id, parent, cityHash64(scope) AS scope, input_tokens, output_tokens,
                        toInt64(start_ns) AS start_ns, toInt64(end_ns) AS end_ns,
                        if(response_id = '', 0, cityHash64(response_id)) AS response,
                        arrayMap(x -> cityHash64(x),
                            arrayFilter(x -> x != '', [toString(request_model), toString(model_revision)])) AS models
                    FROM settle_spans
                    WHERE run = {run:UInt64} AND holds AND usage_role != 'rollup' AND NOT from_rollup
                        AND input_tokens IS NOT NULL AND output_tokens IS NOT NULL
                        AND id NOT IN (SELECT id FROM settle_tops WHERE run = {run:UInt64} AND round = 0)
                    LIMIT 1 BY id
                ) AS call
                LEFT ANY JOIN
                (
                    SELECT id, outside FROM settle_links WHERE run = {run:UInt64} AND round = {round:UInt8}
                ) AS link ON call.id = link.id
            )
        )
    )
    GROUP BY trace_hash, below, input_tokens, output_tokens, island
    HAVING min(scope) != max(scope)
)
WHERE length(layers.3) > 1
