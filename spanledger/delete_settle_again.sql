-- Traces that others have spans in too: their rows must be made again without this tenant's.
INSERT INTO settle_again (trace_id)
SELECT DISTINCT trace_id
FROM spans
WHERE tenant != {value:String} AND trace_id IN (SELECT trace_id FROM spans WHERE tenant = {value:String})
