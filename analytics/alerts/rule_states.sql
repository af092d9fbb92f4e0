SELECT rule, toString(state) AS state, message, groups, seconds, at FROM alert_rule_states FINAL ORDER BY rule
