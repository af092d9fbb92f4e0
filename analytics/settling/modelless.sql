-- Calls that name no model.
SELECT count() FROM settle_spans
WHERE run = {run:UInt64} AND billable AND operation IN ('chat', 'completion') AND request_model = '' AND model_revision = ''
