-- Messages of the last week that their channel has not taken, in the order in which they were written.
SELECT *
FROM (SELECT *, arrayJoin(channels) AS channel FROM alert_changes WHERE notEmpty(channels) AND at > now64(3, 'UTC') - INTERVAL 7 DAY)
WHERE (change_id, channel) NOT IN
(
    SELECT change_id, channel FROM alert_deliveries WHERE outcome = 'sent' AND at > now64(3, 'UTC') - INTERVAL 8 DAY
)
ORDER BY version
