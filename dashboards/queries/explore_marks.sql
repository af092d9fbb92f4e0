-- What was first seen in the range: thin marks on the map. Reports are no events.
SELECT finding_id, substringUTF8(title, 1, 200) AS title, toString(severity) AS severity,
    toInt64(toUnixTimestamp64Milli(toDateTime64(findings.first_seen, 3))) AS at
FROM findings
WHERE findings.first_seen >= {from:DateTime64(3)} AND findings.first_seen < {to:DateTime64(3)}
    AND findings.severity != 'digest'
ORDER BY at
LIMIT 50
