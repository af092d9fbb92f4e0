SELECT toString(state) AS state, episode, toString(event) AS event, channels, at, acknowledged_by, value, title
FROM alert_history
WHERE alert_id = {alert_id:String}
ORDER BY version DESC
LIMIT {limit:UInt32}
