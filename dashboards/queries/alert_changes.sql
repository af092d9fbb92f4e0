-- What alerts did in the range, the newest first; changes that nobody had to hear of are among them.
SELECT alert_id, rule, toString(severity) AS severity, toString(state) AS state, toString(event) AS event, channels, at,
    acknowledged_by, substringUTF8(title, 1, 300) AS title
FROM alert_history
WHERE at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}
ORDER BY at DESC, version DESC
LIMIT 200
