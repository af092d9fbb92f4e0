SELECT alert_id, episode, asked_by, at
FROM alert_asks FINAL
WHERE (alert_id, episode) IN
(
    SELECT alert_id, episode
    FROM (SELECT alert_id, episode, state FROM alert_changes ORDER BY alert_id, version DESC LIMIT 1 BY alert_id)
    WHERE state = 'firing'
)
