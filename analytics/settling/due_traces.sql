-- Traces whose newest span has just been quiet for long enough, that have been open for another maximum of time, that
-- an evaluation has come in for, or that somebody asked for.
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
        max(last) AS newest,
        min(first).1 AS seen
    FROM trace_times
    WHERE trace_hash IN
    (
        SELECT cityHash64(trace_id) FROM spans
        WHERE ingested_at >= {from:DateTime64(3, 'UTC')} AND ingested_at < {until:DateTime64(3, 'UTC')}
            AND trace_id NOT IN ('', '00000000000000000000000000000000')
        UNION ALL
        SELECT cityHash64(trace_id) FROM events
        WHERE ingested_at >= {from:DateTime64(3, 'UTC')} AND ingested_at < {until:DateTime64(3, 'UTC')}
            AND evaluation_name != '' AND trace_id != ''
        UNION ALL
        SELECT cityHash64(arrayJoin({asked:Array(String)}))
    )
    GROUP BY trace_hash
    HAVING newest < {until:DateTime64(3, 'UTC')}
        OR intDiv(toUnixTimestamp64Milli({until:DateTime64(3, 'UTC')}) - toUnixTimestamp64Milli(seen), {most_ms:Int64})
            > intDiv(toUnixTimestamp64Milli({from:DateTime64(3, 'UTC')}) - toUnixTimestamp64Milli(seen), {most_ms:Int64})
)
