-- How many settled traces of the range whose end is known have a seam, and how many of them ended well; the same for each
-- node at an end of one (its `to_kind` and `to_name` are ''). Each trace counts once, however often it took the seam.
-- Traces with the same seams are taken together first: there are far fewer kinds of traces than traces.
SELECT part.1 AS from_kind, part.2 AS from_name, part.3 AS to_kind, part.4 AS to_name, sum(kind.traces) AS ended,
    sum(kind.good) AS well
FROM
(
    SELECT any(edges.from_kind) AS from_kinds, any(edges.from_name) AS from_names, any(edges.to_kind) AS to_kinds,
        any(edges.to_name) AS to_names, any(edges.type) AS types, count() AS traces,
        countIf(lower(task_outcome) IN {resolved:Array(String)}) AS good
    FROM settled_traces FINAL
    WHERE task_outcome_source != 'none' AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
        AND ({filtered:UInt8} = 0 OR trace_id IN (SELECT trace_id FROM spans
            WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND FILTER))
    GROUP BY cityHash64(edges.type, edges.from_kind, edges.from_name, edges.to_kind, edges.to_name)
) AS kind
ARRAY JOIN arrayDistinct(arrayFlatten(arrayMap((type, from_kind, from_name, to_kind, to_name) -> if(type = {type:String}, [
            (toString(from_kind), toString(from_name), toString(to_kind), toString(to_name)),
            (toString(from_kind), toString(from_name), '', ''), (toString(to_kind), toString(to_name), '', '')], []),
        types, from_kinds, from_names, to_kinds, to_names))) AS part
GROUP BY part
ORDER BY ended DESC
LIMIT 10000
