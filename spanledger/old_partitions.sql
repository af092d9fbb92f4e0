SELECT DISTINCT partition
FROM system.parts
WHERE database = currentDatabase() AND table = {table:String} AND active AND toUInt32OrZero(partition) < {oldest_kept:UInt32}
ORDER BY partition
