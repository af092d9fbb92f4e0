-- The newest row of each alert; one that is over for more than a month is history.
SELECT *
FROM (SELECT * FROM alert_changes ORDER BY alert_id, version DESC LIMIT 1 BY alert_id)
WHERE state != 'resolved' OR at > now64(3, 'UTC') - INTERVAL 31 DAY
