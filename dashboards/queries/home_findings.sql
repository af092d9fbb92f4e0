-- What is open, the loudest and dearest first; reports come last.
SELECT
    finding_id, toString(severity) AS severity, substringUTF8(title, 1, 300) AS title, summary, cost_usd,
    formatDateTime(findings.first_seen, '%Y-%m-%d %H:%i', 'UTC') AS first_seen, toString(findings.state) AS state
FROM findings
WHERE findings.state = 'open'
ORDER BY findings.severity, cost_usd DESC NULLS LAST, last_seen DESC
LIMIT {limit:UInt32}
