SELECT chunk, count(), toUnixTimestamp(min(anchor)) FROM settle_due WHERE run = {run:UInt64} GROUP BY chunk ORDER BY chunk
