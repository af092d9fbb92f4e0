SELECT task_id, toString(task_outcome) AS task_outcome, toString(task_outcome_source) AS task_outcome_source, resends,
    failed_calls, failed_cost_usd, repeated_tool_calls, duplicates, co2e_g, settled_at
FROM traces
WHERE trace_id = {trace_id:String}
