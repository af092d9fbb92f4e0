-- Alerts that are not over, by state.
SELECT toString(state) AS state, count() AS alerts
FROM alerts
WHERE state IN ('firing', 'acknowledged')
GROUP BY state
