-- The calls are gone: what was for later is for now.
INSERT INTO usage_dirty (`from`, `to`, reason)
SELECT DISTINCT `from`, `to`, reason FROM usage_dirty WHERE reason = concat('deleted ', {value:String})
