-- Services, agents and prompts of the range, the busiest of each.
SELECT choice.1 AS field, choice.2 AS value, count() AS spans
FROM spans
ARRAY JOIN [('service', toString(service)), ('agent_name', toString(agent_name)), ('prompt_name', toString(prompt_name))] AS choice
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND choice.2 != ''
GROUP BY field, value
ORDER BY field, spans DESC, value
LIMIT 50 BY field
