-- Calls by model and slot of the window; those of prompts (agents, features, services) with re-prompts by these as well.
SELECT
    if(has({owners:Array(String)}, named), named, '') AS owner,
    model,
    slot,
    count() AS calls,
    sum(usd) AS cost_usd
FROM
(
    SELECT
        multiIf(prompt_name != '', concat('prompt=', prompt_name), agent_name != '', concat('agent=', agent_name),
            feature != '', concat('feature=', feature), concat('service=', service)) AS named,
        if(request_model != '', request_model, model_revision) AS model,
        toUInt32(intDiv(toUnixTimestamp64Milli(started_at) - {from_ms:Int64}, {slot_ms:Int64})) AS slot,
        spans.cost_usd AS usd
    FROM spans
    WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND billable
)
GROUP BY owner, model, slot
ORDER BY owner, model, slot
