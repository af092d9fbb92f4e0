-- What is open: pages first, the oldest of them on top; then the dearest; reports come last.
SELECT
    finding_id, toString(severity) AS severity, substringUTF8(title, 1, 300) AS title, summary, cost_usd,
    formatDateTime(findings.first_seen, '%Y-%m-%d %H:%i', 'UTC') AS first_seen, toString(findings.state) AS state
FROM findings
WHERE findings.state = 'open'
ORDER BY findings.severity, if(findings.severity = 'page', findings.first_seen, toDateTime64('2000-01-01 00:00:00', 3)),
    cost_usd DESC NULLS LAST, last_seen DESC
LIMIT {limit:UInt32}
