-- The first call of each trace, and the first tool that the trace called: what a user brought, not what came of it. In a
-- conversation that sends its messages it is the first call that ends with a user's. Of a great many spans those in some
-- slots of time are read, of these some traces; a prompt or feature keeps at most so many rows, by hash, so that
-- the same question gives the same sample.
SELECT
    trace_id,
    toString(call.1) AS moment,
    toDateTime64(call.1, 6, 'UTC') AS at,
    call.2 AS prompt,
    call.3 AS version,
    call.4 AS hash,
    call.5 AS model,
    call.6 AS feature,
    call.7 AS service,
    call.8 AS tenant,
    call.9 AS user,
    call.10 AS session,
    call.11 AS locale,
    call.12 AS input_tokens,
    call.13 AS messages,
    call.14 AS user_characters,
    call.15 AS sketch,
    tool,
    multiIf(prompt != '', 'prompt', feature != '', 'feature', 'service') AS family_kind,
    multiIf(prompt != '', prompt, feature != '', feature, service) AS family,
    count() OVER (PARTITION BY family_kind, family) AS family_calls
FROM
(
    SELECT
        trace_id,
        argMinIf(
            (
                started_at, toString(prompt_name), toString(prompt_version), prompt_hash,
                toString(if(model_revision != '', model_revision, request_model)), toString(feature), toString(service),
                toString(tenant), user_id, session_id, lower(toString(locale)), input_tokens,
                toUInt32(length(message_hashes)), user_characters, hex(user_sketch)),
            (user_characters = 0, started_at), is_call) AS call,
        toString(argMinIf(tool_name, started_at, operation = 'tool')) AS tool
    FROM
    (
        SELECT
            *,
            billable AND operation IN ('chat', 'completion') AND purpose IN ('', 'production') AS is_call
        FROM spans
        WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
            AND ({everything:Bool}
                OR toStartOfInterval(started_at, toIntervalMinute({minutes:UInt32})) IN {slots:Array(DateTime('UTC'))})
            AND cityHash64(trace_id) % 1000000 < {per_million:UInt32}
            AND (is_call OR operation = 'tool')
    )
    GROUP BY trace_id
    HAVING countIf(is_call) > 0
)
ORDER BY cityHash64(trace_id, 7)
LIMIT {rows:UInt32} BY family_kind, family
LIMIT {all_rows:UInt32}
