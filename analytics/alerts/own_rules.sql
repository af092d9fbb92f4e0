SELECT name, rule FROM alert_rules FINAL ORDER BY name
