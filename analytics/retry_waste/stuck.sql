-- Traces in which a tool gave the same answer to the same arguments for the third time, or that come near it; and those
-- with many calls of few tools that do not say what was asked. `spans`: with a call of a model for each; the longest first.
SELECT trace_hash, 2 * (acts + unknown) AS spans
FROM
(
    SELECT
        cityHash64(trace_id) AS trace_hash,
        countIf(tool_arguments_hash != '' OR tool_result_hash != '' OR status = 'error' OR error_type != '') AS acts,
        count() - acts AS unknown,
        uniqCombinedIf(12)(cityHash64(tool_name, tool_arguments_hash, tool_result_hash, error_type),
            tool_arguments_hash != '' OR tool_result_hash != '' OR status = 'error' OR error_type != '') AS different,
        uniqUpTo(8)(tool_name) AS names
    FROM spans
    WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
        AND operation = 'tool'
        AND cityHash64(trace_id) % {slices:UInt8} = {slice:UInt8}
    GROUP BY trace_hash
    HAVING acts > different + 1 OR (unknown >= 12 AND unknown >= 6 * names)
)
ORDER BY spans DESC, trace_hash
LIMIT {traces:UInt32}
