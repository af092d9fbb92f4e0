-- Calls of prompts (agents, features, services) with re-prompts, by those tenants that had them and all others together.
SELECT
    multiIf(prompt_name != '', concat('prompt=', prompt_name), agent_name != '', concat('agent=', agent_name),
        feature != '', concat('feature=', feature), concat('service=', service)) AS owner,
    if(request_model != '', request_model, model_revision) AS model,
    if(has({tenants:Array(String)}, tenant), tenant, '') AS whose,
    count() AS calls
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND billable
    AND owner IN {owners:Array(String)}
GROUP BY owner, model, whose
ORDER BY owner, model, whose
