-- Values of a key in a sample of the range, the most frequent first.
SELECT substringUTF8(KEY, 1, {longest:UInt32}) AS value, count() AS spans
FROM spans
PREWHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND intDiv(toUnixTimestamp64Milli(started_at), {slot:Int64}) IN {slots:Array(Int64)}
WHERE value != '' AND positionCaseInsensitiveUTF8(value, {part:String}) > 0
GROUP BY value
ORDER BY startsWith(lowerUTF8(value), lowerUTF8({part:String})) DESC, spans DESC, value
LIMIT {limit:UInt32}
