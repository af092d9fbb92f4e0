DELETE FROM alert_changes
WHERE at < toDateTime64({oldest:Date}, 3, 'UTC')
    AND (alert_id, version) NOT IN
    (
        SELECT alert_id, max(version) AS newest
        FROM alert_changes
        GROUP BY alert_id
        HAVING argMax(state, version) != 'resolved'
    )
