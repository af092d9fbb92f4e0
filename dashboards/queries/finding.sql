SELECT finding_id, job, kind, subject, toString(severity) AS severity, toString(state) AS state, window_from, window_to,
    first_seen, last_seen, effect, effect_unit, p_value, q_value, n, cost_usd, energy_kwh, tenants_hit, title, summary,
    trace_ids, query, details
FROM findings
WHERE finding_id = {finding_id:String}
