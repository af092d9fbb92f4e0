-- What prompts (agents, features, services) with waste cost in all: to say which share of it was wasted, and whose.
SELECT
    multiIf(prompt_name != '', concat('prompt=', prompt_name), agent_name != '', concat('agent=', agent_name),
        feature != '', concat('feature=', feature), concat('service=', service)) AS owner,
    if(request_model != '', request_model, model_revision) AS model,
    tenant,
    count() AS calls,
    sum(spans.cost_usd) AS cost_usd
FROM spans
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND billable
    AND owner IN {owners:Array(String)}
GROUP BY owner, model, tenant
ORDER BY calls DESC, owner, model, tenant
LIMIT 200000
