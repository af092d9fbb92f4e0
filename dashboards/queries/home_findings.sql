-- What is open, the loudest and dearest first; reports come last.
SELECT
    finding_id, toString(severity) AS severity, substringUTF8(title, 1, 300) AS title, summary, cost_usd,
    formatDateTime(first_seen, '%Y-%m-%d %H:%i', 'UTC') AS since
FROM findings
WHERE state = 'open'
ORDER BY findings.severity, cost_usd DESC NULLS LAST, last_seen DESC
LIMIT {limit:UInt32}
