-- The hours whose sums have calls that changed.
INSERT INTO usage_dirty (`from`, `to`, reason)
SELECT DISTINCT hour, hour + INTERVAL 1 HOUR, {table:String} FROM {table:Identifier}
