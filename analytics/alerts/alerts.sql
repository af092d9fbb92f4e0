SELECT *
FROM alerts
WHERE ({alert_id:String} = '' OR alert_id = {alert_id:String})
    AND ({state:String} = '' OR state = {state:String} OR ({state:String} = 'open' AND state != 'resolved'))
    AND ({severity:String} = '' OR toString(severity) = {severity:String})
    AND ({rule:String} = '' OR rule = {rule:String})
ORDER BY changed_at DESC, alert_id
LIMIT {limit:UInt32}
