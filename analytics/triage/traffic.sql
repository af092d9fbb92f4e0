-- Traces with a call, and their sessions, by slot (counted from `from`): those of the filter, and all others.
SELECT
    intDiv(toUnixTimestamp64Milli(begun) - toUnixTimestamp64Milli({from:DateTime64(3, 'UTC')}), 60000 * {minutes:UInt32}) AS place,
    countIf(meant) AS those,
    countIf(NOT meant) AS others,
    uniqExactIf(session, meant) AS sessions,
    uniqExactIf(session, NOT meant) AS other_sessions
FROM
(
    SELECT min(toDateTime64(started_at, 3, 'UTC')) AS begun, max(ifNull(FILTER, 0)) AS meant,
        if(any(session_id) = '', trace_id, any(session_id)) AS session
    FROM spans
    WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
        AND purpose IN ('', 'production', 'batch')
        AND (operation IN ('chat', 'completion', 'embeddings', 'retrieval', 'rerank', 'tool') OR ifNull(FILTER, 0))
    GROUP BY trace_id
)
GROUP BY place
ORDER BY place
