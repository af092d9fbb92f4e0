-- Patches of rows that were updated are partitions of their own, with other names; they go with what they patch.
SELECT DISTINCT partition
FROM system.parts
WHERE database = currentDatabase() AND table = {table:String} AND active
    AND match(partition, '^[0-9]+$') AND toUInt32OrZero(partition) < {oldest_kept:UInt32}
ORDER BY partition
