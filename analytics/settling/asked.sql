SELECT DISTINCT trace_id FROM settle_again ORDER BY trace_id LIMIT 100000
