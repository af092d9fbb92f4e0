SELECT argMax(holder, version), max(until) > now64(3, 'UTC') FROM settle_marks WHERE name = {name:String}
