-- Layers that do not lie inside each other: which instrumentation a call comes from (`scope`), and the nearest ancestor
-- that comes from another one (`outside`; the parent's hash where that is not there, 0 without one).
ALTER TABLE settle_spans ADD COLUMN IF NOT EXISTS scope LowCardinality(String);

ALTER TABLE settle_links ADD COLUMN IF NOT EXISTS outside UInt64;
