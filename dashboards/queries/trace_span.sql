-- All columns of one span.
SELECT * FROM spans WHERE trace_id = {trace_id:String} AND span_id = {span_id:String} ORDER BY ingested_at LIMIT 1
