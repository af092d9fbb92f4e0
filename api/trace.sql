-- All that is known of one trace, in the order in which it happened. One row more than is shown tells that there are more.
SELECT *
FROM spans
WHERE trace_id = {trace_id:String}
ORDER BY started_at, span_id
LIMIT {limit:UInt32}
