SELECT change_id, channel, toString(outcome) AS outcome, attempt, error, at
FROM alert_deliveries
WHERE alert_id = {alert_id:String}
ORDER BY at DESC, channel
LIMIT {limit:UInt32}
