SELECT count() FROM settle_links WHERE run = {run:UInt64} AND round = {round:UInt8} AND up != 0
