-- Traces of eight spans: an agent with three steps, each a call and a tool; in one of ten the first call has two layers.
INSERT INTO spans (trace_id, span_id, parent_span_id, name, service, started_at, duration_ns, status, operation,
    provider, request_model, model_revision, prompt_name, prompt_version, tenant, feature, input_tokens,
    cached_input_tokens, output_tokens, tool_name, tool_arguments_hash, usage_role, billable, response_id, cost_usd,
    cost_input_usd, cost_output_usd, cost_status, energy_kwh, co2e_g, dialect, ingested_at)
SELECT
    lower(hex(sipHash128('trace', trace))),
    lower(hex(sipHash64('span', number))),
    multiIf(place = 0, '', layer, lower(hex(sipHash64('span', trace * 8 + 1))), lower(hex(sipHash64('span', trace * 8)))),
    multiIf(place = 0, 'run', call, 'chat', layer, 'POST', 'look up'),
    'synthetic-assistant',
    begin + toIntervalMillisecond(place * 200 + layer - if(layer, 1200, 0)) AS started_at,
    multiIf(place = 0, 1700, layer, 170, 180) * 1000000,
    if(number % 97 = 0, 'error', 'ok'),
    multiIf(place = 0, 'agent', call, 'chat', layer, if(doubled, 'chat', 'other'), 'tool'),
    if(call OR layer, 'openai', ''),
    if(call OR layer, ['gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5', 'claude-haiku-4-5'][trace % 4 + 1], '') AS model,
    model,
    if(call, 'assistant', ''), if(call, toString(trace % 8), ''),
    concat('tenant-', toString(toUInt32(2000 / (1 + sipHash64(trace) % 2000)))),
    ['search', 'draft', 'chat'][trace % 3 + 1],
    if(call OR (layer AND doubled), 100 + sipHash64(trace, if(layer, 1, place)) % 9000, NULL) AS tokens,
    if(call, 64, NULL),
    if(tokens IS NULL, NULL, 5 + sipHash64(trace, 'out', if(layer, 1, place)) % 900),
    if(place IN (2, 4, 6), 'search_orders', ''),
    if(place IN (2, 4, 6), toString(trace % 7), ''),
    if(call OR (layer AND doubled), 'leaf', 'none'),
    call OR (layer AND doubled),
    if(call, lower(hex(sipHash64('response', number))), ''),
    if(tokens IS NULL, NULL, tokens / 1e6), if(tokens IS NULL, NULL, tokens / 2e6), if(tokens IS NULL, NULL, tokens / 2e6),
    if(tokens IS NULL, 'none', 'priced'),
    tokens / 1e7, tokens / 1e5,
    'otel',
    toDateTime64(begin, 3, 'UTC') + INTERVAL 2 SECOND
FROM
(
    SELECT
        number, intDiv(number, 8) AS trace, number % 8 AS place,
        place IN (1, 3, 5) AS call, place = 7 AS layer, trace % 10 = 0 AS doubled,
        {start:DateTime64(9, 'UTC')} + toIntervalMillisecond(toInt64(trace * 8000 / {per_second:UInt32})) AS begin
    FROM numbers({first:UInt64}, {count:UInt64})
)
