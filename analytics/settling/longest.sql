SELECT max(spans) FROM (SELECT count() AS spans FROM settle_spans WHERE run = {run:UInt64} GROUP BY trace_hash)
