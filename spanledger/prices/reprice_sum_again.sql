-- The hours whose sums have calls with another cost.
INSERT INTO usage_dirty (`from`, `to`, reason)
SELECT DISTINCT hour, hour + INTERVAL 1 HOUR, 'repriced' FROM repriced
