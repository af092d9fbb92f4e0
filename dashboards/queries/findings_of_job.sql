-- Findings of a job that were seen in the range or are open, reports last, dearest first; all jobs where none is named.
SELECT finding_id, job, kind, subject, toString(severity) AS severity, toString(state) AS state, first_seen, last_seen,
    window_from, window_to, title, summary, cost_usd, energy_kwh, tenants_hit, details
FROM findings
WHERE (job = {job:String} OR {job:String} = '')
    AND ((last_seen >= {from:DateTime64(3)} AND first_seen < {to:DateTime64(3)}) OR state = 'open')
ORDER BY state = 'resolved', severity = 'digest', severity = 'ticket', cost_usd DESC NULLS LAST, last_seen DESC
LIMIT 300
