SELECT job, toString(severity) AS severity, count() AS many
FROM findings
WHERE state = 'open'
GROUP BY job, severity
