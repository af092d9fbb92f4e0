-- Traces in which a tool gave the same answer to the same arguments for the third time, or that come near it.
SELECT trace_hash, sum(acts) AS spans
FROM
(
    SELECT
        cityHash64(trace_id) AS trace_hash,
        count() AS acts,
        uniqCombined(12)(cityHash64(tool_name, tool_arguments_hash, tool_result_hash, error_type)) AS different
    FROM spans
    WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
        AND operation = 'tool' AND (tool_arguments_hash != '' OR tool_result_hash != '' OR status = 'error' OR error_type != '')
        AND cityHash64(trace_id) % {slices:UInt8} = {slice:UInt8}
    GROUP BY trace_hash
    HAVING acts > different + 1
)
GROUP BY trace_hash
ORDER BY spans DESC, trace_hash
LIMIT {traces:UInt32}
