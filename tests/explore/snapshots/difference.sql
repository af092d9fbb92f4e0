-- Each attribute's values with their spans in the selection and in the rest. Where there are too many spans to look at
-- all, slots of time are drawn, more of them for the selection: blocks of spans between them are not read.
-- Resources are few, so they are taken apart after counting. The key '' counts spans and their traces: spans of a trace
-- are much alike, so a hundred of one trace say less than of a hundred traces.
-- Attributes are counted again by the size of the numbers in them, in `steps` of a power of two, under keys that begin
-- with `sizes.`; n stands before the steps of numbers below zero, and `texts` says how many different texts are numbers.
SELECT
    pair.1 AS key, substringUTF8(pair.2, 1, {longest:UInt32}) AS value, sum(selected) AS selected, sum(others) AS others,
    sum(traces) AS traces, sum(other_traces) AS other_traces, countIf(value != 'text') AS texts
FROM
(
    SELECT
        ifNull(toFloat64OrNull(counted.2), nan) AS number,
        arrayJoin(multiIf(
            counted.1 = 'resource',
            arrayMap(each -> (concat('resource.', each.1), each.2), JSONExtractKeysAndValues(counted.2, 'String')),
            startsWith(counted.1, 'attributes.'),
            [counted, (concat('sizes.', substring(counted.1, 12)), multiIf(
                NOT abs(number) < {largest:Float64}, 'text',
                number = 0, 'zero',
                concat(if(number < 0, 'n', ''), toString(toInt32(floor(log2(abs(number)) * {steps:UInt8}))))))],
            [counted])) AS pair,
        selected, others, traces, other_traces
    FROM
    (
        SELECT counted, countIf(inside) AS selected, countIf(NOT inside) AS others,
            uniqIf(trace, inside AND counted.1 = '') AS traces, uniqIf(trace, NOT inside AND counted.1 = '') AS other_traces
        FROM
        (
            SELECT
                ifNull((toUInt8(billable) = 1 AND cost_usd >= 0.005), 0) AS inside,
                cityHash64(trace_id) AS trace,
                arrayJoin(arrayPushFront(arrayFilter(each -> each.2 != '', arrayConcat(
                    [('name', toString(name)),
                    ('service', toString(service)),
                    ('scope', toString(scope)),
                    ('scope_version', toString(scope_version)),
                    ('environment', toString(environment)),
                    ('region', toString(region)),
                    ('error_type', toString(error_type)),
                    ('error_kind', toString(error_kind)),
                    ('status_message', toString(status_message)),
                    ('provider', toString(provider)),
                    ('prompt_name', toString(prompt_name)),
                    ('prompt_version', toString(prompt_version)),
                    ('prompt_hash', toString(prompt_hash)),
                    ('tenant', toString(tenant)),
                    ('user_id', toString(user_id)),
                    ('session_id', toString(session_id)),
                    ('task_id', toString(task_id)),
                    ('task_outcome', toString(task_outcome)),
                    ('feature', toString(feature)),
                    ('purpose', toString(purpose)),
                    ('locale', toString(locale)),
                    ('tool_name', toString(tool_name)),
                    ('tool_arguments_hash', toString(tool_arguments_hash)),
                    ('agent_name', toString(agent_name)),
                    ('workflow', toString(workflow)),
                    ('release', toString(release)),
                    ('service_tier', toString(service_tier)),
                    ('dialect', toString(dialect)),
                    ('provider_region', toString(provider_region)),
                    ('kind', toString(toString(kind))),
                    ('status', toString(toString(status))),
                    ('operation', toString(toString(operation))),
                    ('model', toString(if(model_revision != '', model_revision, request_model))),
                    ('root', if(parent_span_id = '0000000000000000', 'true', 'false')),
                    ('billable', if(billable, 'true', 'false')),
                    ('attempt', ifNull(toString(attempt), '')),
                    ('temperature', ifNull(toString(temperature), '')),
                    ('duration', if(ifNull(duration_ns, 0) > 0, toString(toInt16(floor(log2(assumeNotNull(duration_ns))))), '')),
                    ('input_tokens', if(ifNull(input_tokens, 0) > 0, toString(toInt16(floor(log2(assumeNotNull(input_tokens))))), '')),
                    ('output_tokens', if(ifNull(output_tokens, 0) > 0, toString(toInt16(floor(log2(assumeNotNull(output_tokens))))), '')),
                    ('cached_input_tokens', if(ifNull(cached_input_tokens, 0) > 0, toString(toInt16(floor(log2(assumeNotNull(cached_input_tokens))))), '')),
                    ('reasoning_tokens', if(ifNull(reasoning_tokens, 0) > 0, toString(toInt16(floor(log2(assumeNotNull(reasoning_tokens))))), '')),
                    ('time_to_first_token_ns', if(ifNull(time_to_first_token_ns, 0) > 0, toString(toInt16(floor(log2(assumeNotNull(time_to_first_token_ns))))), '')),
                    ('energy_kwh', if(ifNull(energy_kwh, 0) > 0, toString(toInt16(floor(log2(assumeNotNull(energy_kwh))))), '')),
                    ('finish_reasons', arrayStringConcat(finish_reasons, ', ')),
                    ('resource', toString(resource))],
                    arrayMap((name, text) -> (concat('attributes.', name), substringUTF8(text, 1, {longest:UInt32})),
                        mapKeys(attributes), mapValues(attributes)))), ('', ''))) AS counted
            FROM spans
            PREWHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
                AND (intDiv(toUnixTimestamp64Milli(started_at), {rest_slot:Int64}) IN {rest_slots:Array(Int64)}
                    OR intDiv(toUnixTimestamp64Milli(started_at), {slot:Int64}) IN {slots:Array(Int64)})
            WHERE (tenant = 'acme' AND (trace_id, span_id) IN (SELECT trace_id, parent_span_id FROM spans WHERE started_at >= {from:DateTime64(3)} - INTERVAL 1 HOUR AND started_at < {to:DateTime64(3)} + INTERVAL 1 HOUR AND tool_name = 'search') AND toUInt8(billable) = 1)
                AND (intDiv(toUnixTimestamp64Milli(started_at), {rest_slot:Int64}) IN {rest_slots:Array(Int64)}
                    OR ifNull((toUInt8(billable) = 1 AND cost_usd >= 0.005), 0))
                AND (intDiv(toUnixTimestamp64Milli(started_at), {slot:Int64}) IN {slots:Array(Int64)}
                    OR NOT ifNull((toUInt8(billable) = 1 AND cost_usd >= 0.005), 0))
        )
        GROUP BY counted
    )
)
GROUP BY key, value
ORDER BY selected / {many:Float64} + others / {many_others:Float64} DESC, value
LIMIT {values:UInt32} BY key, if(startsWith(key, 'sizes.'), value, '')
LIMIT {rows:UInt32}
