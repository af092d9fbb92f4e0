-- The traces whose rows have calls that changed.
INSERT INTO settle_again (trace_id)
SELECT DISTINCT trace_id FROM {table:Identifier}
