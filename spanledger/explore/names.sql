-- The texts of groups that are known by a hash. The first spans of the range mostly have them all, and reading ends there.
SELECT NUMBER AS number, KEY AS value
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND NUMBER IN {numbers:Array(UInt64)}
LIMIT 1 BY number
LIMIT {groups:UInt32}
