-- Every row accepted before this moment can be seen: `ingested_at` is the start of its insert, so rows that an insert
-- under way will bring are at least as young as that insert.
SELECT toUnixTimestamp64Milli(now64(3, 'UTC')) - {margin_ms:Int64} - 1000 * (
    SELECT toInt64(ceil(max(elapsed))) FROM system.processes WHERE query_kind = 'Insert' AND is_initial_query)
