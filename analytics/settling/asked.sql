SELECT DISTINCT trace_id FROM settle_again WHERE at <= {until:DateTime64(6, 'UTC')} ORDER BY trace_id LIMIT 100000
