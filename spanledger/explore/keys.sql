-- Keys of attributes in a sample of the range, the most frequent first.
SELECT concat('attributes.', key) AS name, count() AS spans
FROM
(
    SELECT arrayJoin(mapKeys(attributes)) AS key
    FROM spans
    PREWHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
        AND intDiv(toUnixTimestamp64Milli(started_at), {slot:Int64}) IN {slots:Array(Int64)}
)
GROUP BY key
ORDER BY spans DESC, key
LIMIT {limit:UInt32}
UNION ALL
SELECT concat('resource.', key) AS name, sum(spans) AS spans
FROM
(
    SELECT arrayJoin(JSONExtractKeys(toString(resource))) AS key, spans
    FROM
    (
        SELECT resource, count() AS spans
        FROM spans
        PREWHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
            AND intDiv(toUnixTimestamp64Milli(started_at), {slot:Int64}) IN {slots:Array(Int64)}
        GROUP BY resource
    )
)
GROUP BY key
ORDER BY spans DESC, key
LIMIT {limit:UInt32}
