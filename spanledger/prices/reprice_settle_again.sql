-- The traces whose rows have calls with another cost.
INSERT INTO settle_again (trace_id)
SELECT DISTINCT trace_id FROM repriced
