SELECT
    finding_id, job, kind, subject, toString(severity) AS severity, window_to, title, summary, effect, cost_usd, energy_kwh,
    tenants_hit, trace_ids, query
FROM findings
WHERE state = 'open'
ORDER BY finding_id
