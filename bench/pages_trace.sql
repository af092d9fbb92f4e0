-- One trace: an agent whose steps are calls, tools and retrievals in turn, a fifth of them below the step before.
INSERT INTO spans (trace_id, span_id, parent_span_id, name, service, started_at, duration_ns, status, operation, provider,
    request_model, model_revision, tenant, feature, agent_name, tool_name, input_tokens, output_tokens, usage_role, billable,
    cost_usd, cost_status, energy_kwh, attributes, ingested_at)
SELECT
    {trace:String}, lower(leftPad(hex(sipHash64(number, {trace:String})), 16, '0')),
    if(number = 0, '0000000000000000',
        lower(leftPad(hex(sipHash64(if(number % 5 = 4, number - 1, 0), {trace:String})), 16, '0'))),
    multiIf(number = 0, 'run', number % 3 = 1, 'chat gpt-4o', number % 3 = 2, 'execute_tool', 'retrieve'), 'bench',
    {start:DateTime64(3)} + toIntervalMillisecond(number * 20),
    if(number = 0, {spans:UInt64} * 20, 15 + number % 300) * 1000000, if(number % 90 = 7, 'error', 'ok'),
    multiIf(number = 0, 'agent', number % 3 = 1, 'chat', number % 3 = 2, 'tool', 'retrieval'),
    if(number % 3 = 1, 'openai', ''), if(number % 3 = 1, 'gpt-4o', ''), if(number % 3 = 1, 'gpt-4o-2024-08-06', ''),
    'tenant-1', 'research', if(number = 0, 'researcher', ''), if(number % 3 = 2, ['search', 'read'][1 + number % 2], ''),
    if(number % 3 = 1, 1000 + number % 900, NULL), if(number % 3 = 1, 100, NULL), if(number % 3 = 1, 'leaf', 'none'),
    number % 3 = 1, if(number % 3 = 1, 0.003, NULL), if(number % 3 = 1, 'priced', 'none'), if(number % 3 = 1, 1e-4, NULL),
    map('http.route', '/v1/chat', 'step', toString(number)), {start:DateTime64(3)} + INTERVAL 9 SECOND
FROM numbers({spans:UInt64})
