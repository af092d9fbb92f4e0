-- The tools around failed executions that are no errors yet, with kind and type of the error.
INSERT INTO settle_changes (row, cell, slice, bill, winner)
SELECT
    row, intDiv(toUnixTimestamp64Nano(started_at), 10000000000), toStartOfInterval(ingested_at, toIntervalSecond({slice:UInt32})),
    true, concat(execution.error_kind, ' ', execution.error_type)
FROM
(
    SELECT row, id, started_at, ingested_at
    FROM settle_spans
    WHERE run = {run:UInt64} AND NOT error AND name = 'claude_code.tool' AND dialect = 'claude_code'
) AS tool
INNER ANY JOIN
(
    SELECT cityHash64(trace_id, parent_span_id) AS parent, toString(error_kind) AS error_kind, toString(error_type) AS error_type
    FROM spans
    WHERE status = 'error' AND name = 'claude_code.tool.execution' AND intDiv(toUnixTimestamp64Nano(started_at), 10000000000) IN
    (
        SELECT intDiv(toUnixTimestamp64Nano(started_at), 10000000000) FROM settle_spans
        WHERE run = {run:UInt64} AND error AND name = 'claude_code.tool.execution'
    )
    ORDER BY started_at, span_id
) AS execution ON tool.id = execution.parent
