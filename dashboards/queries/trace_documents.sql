-- What retrieval steps of a trace brought, in their order.
SELECT span_id, name, arrayZip(arraySlice(retrieved_ids, 1, 20),
        arrayResize(arrayMap(score -> toNullable(score), retrieved_scores), least(length(retrieved_ids), 20), NULL)) AS documents,
    length(retrieved_ids) AS many
FROM spans
WHERE trace_id = {trace_id:String} AND started_at >= {first:DateTime64(9)} AND started_at <= {last:DateTime64(9)}
    AND notEmpty(retrieved_ids)
ORDER BY started_at
LIMIT 50
