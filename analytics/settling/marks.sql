SELECT name, toUnixTimestamp64Milli(max(until)) FROM settle_marks GROUP BY name
