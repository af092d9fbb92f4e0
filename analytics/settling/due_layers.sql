-- Traces in which a call came in, or anything at all into a trace that was there before: two layers of a call may be
-- among their spans, new or old.
INSERT INTO settle_due (run, chunk, trace_hash, anchor, cells)
SELECT
    {run:UInt64},
    intDiv(sum(many) OVER (ORDER BY first_start, trace_hash) - many, {chunk_spans:UInt64}),
    trace_hash, first_start, all_cells
FROM
(
    SELECT
        trace_hash,
        min(first).2 AS first_start,
        groupUniqArrayArray(cells) AS all_cells,
        sum(spans) AS many,
        min(first).1 < {from:DateTime64(3, 'UTC')} AS known
    FROM trace_times
    WHERE trace_hash IN
    (
        SELECT cityHash64(trace_id) FROM spans
        WHERE ingested_at >= {from:DateTime64(3, 'UTC')} AND ingested_at < {until:DateTime64(3, 'UTC')}
    )
    GROUP BY trace_hash
    HAVING known OR trace_hash IN
    (
        SELECT cityHash64(trace_id) FROM spans
        WHERE ingested_at >= {from:DateTime64(3, 'UTC')} AND ingested_at < {until:DateTime64(3, 'UTC')}
            AND usage_role IN ('leaf', 'duplicate')
    )
)
