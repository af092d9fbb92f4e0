-- How many settled traces of the range whose end is known have a seam, and how many of them ended well; the same for each
-- node at an end of one (its `to_kind` and `to_name` are ''). Each trace counts once, however often it took the seam.
SELECT part.1 AS from_kind, part.2 AS from_name, part.3 AS to_kind, part.4 AS to_name, count() AS ended, countIf(well) AS well
FROM
(
    SELECT lower(task_outcome) IN {resolved:Array(String)} AS well,
        arrayJoin(arrayDistinct(arrayFlatten(arrayMap(edge -> [
                (toString(edge.from_kind), toString(edge.from_name), toString(edge.to_kind), toString(edge.to_name)),
                (toString(edge.from_kind), toString(edge.from_name), '', ''),
                (toString(edge.to_kind), toString(edge.to_name), '', '')],
            arrayFilter(edge -> edge.type = {type:String}, edges))))) AS part
    FROM settled_traces FINAL
    WHERE task_outcome_source != 'none' AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
        AND ({filtered:UInt8} = 0 OR trace_id IN (SELECT trace_id FROM spans
            WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND FILTER))
)
GROUP BY part
ORDER BY ended DESC
LIMIT 10000
