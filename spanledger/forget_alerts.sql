-- Alerts about a tenant: its name is a label, or their finding is about it.
INSERT INTO alerts_forgotten (alert_id, at)
SELECT DISTINCT alert_id, now64(3, 'UTC')
FROM alert_changes
WHERE has(mapValues(labels), {value:String})
    OR finding_id IN
    (
        SELECT finding_id
        FROM finding_states
        WHERE has(mapValues(subject), {value:String}) OR position(details, {quoted:String}) > 0
    )
