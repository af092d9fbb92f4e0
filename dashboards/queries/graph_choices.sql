-- Services, agents and prompts of the range, some of the busiest of each; where there are very many spans, in slots of time.
SELECT
    topKIf(50)(toString(service), service != '') AS service,
    topKIf(50)(toString(agent_name), agent_name != '') AS agent_name,
    topKIf(50)(toString(prompt_name), prompt_name != '') AS prompt_name
FROM
(
    SELECT service, agent_name, prompt_name
    FROM spans
    PREWHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
        AND intDiv(toUnixTimestamp64Milli(started_at), {slot:Int64}) IN {slots:Array(Int64)}
)
