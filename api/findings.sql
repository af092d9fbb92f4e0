-- Findings that pass every filter, newest first; an empty filter passes all. A page begins behind `before` and `before_id`.
SELECT
    finding_id, job, kind, subject, toString(severity) AS severity, toString(state) AS state,
    window_from, window_to, first_seen, last_seen, effect, effect_unit, p_value, q_value, n, cost_usd, energy_kwh,
    tenants_hit, title, summary, trace_ids, query, details
FROM findings
WHERE (job = {job:String} OR {job:String} = '')
    AND (kind = {kind:String} OR {kind:String} = '')
    AND (severity = {severity:String} OR {severity:String} = '')
    AND (state = {state:String} OR {state:String} = '')
    AND last_seen >= {since:DateTime64(3, 'UTC')} AND first_seen < {until:DateTime64(3, 'UTC')}
    AND arrayAll((name, value) -> subject[name] = value, {names:Array(String)}, {values:Array(String)})
    AND (finding_id = {finding_id:String} OR {finding_id:String} = '')
    AND (last_seen, finding_id) < ({before:DateTime64(3, 'UTC')}, {before_id:String})
ORDER BY last_seen DESC, finding_id DESC
LIMIT {limit:UInt32}
