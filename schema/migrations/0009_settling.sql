-- Settling: what follows from spans and is kept beside them. Usage by hour, one row a trace with its call graph, the
-- times at which a trace has spans, and how far all of it has come.

-- How far each stage has come: a moment of acceptance (`ingested_at`), the newest version counts.
CREATE TABLE IF NOT EXISTS settle_marks
(
    name LowCardinality(String),
    until DateTime64(3, 'UTC'),
    holder String,
    version DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY name;

-- What each step did.
CREATE TABLE IF NOT EXISTS settle_steps
(
    at DateTime64(3, 'UTC') DEFAULT now64(3),
    touched_from DateTime64(3, 'UTC'),
    touched_until DateTime64(3, 'UTC'),
    settled_until DateTime64(3, 'UTC'),
    spans UInt64,
    slices UInt64,
    duplicates UInt64,
    traces UInt64,
    seconds Float64
)
ENGINE = MergeTree
ORDER BY at
TTL toDateTime(at) + INTERVAL 30 DAY;

-- In which cells of `started_at` (ten seconds each) a trace has spans: the way from a trace to its spans that does not
-- grow with history. `first` is when it was first accepted and the start that it had in that step, which stays.
CREATE TABLE IF NOT EXISTS trace_times
(
    month UInt32,
    trace_hash UInt64,
    first SimpleAggregateFunction(min, Tuple(DateTime64(3, 'UTC'), DateTime('UTC'))),
    cells SimpleAggregateFunction(groupUniqArrayArray, Array(UInt32)),
    last SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    spans SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY month
ORDER BY (month, trace_hash)
SETTINGS index_granularity = 256, old_parts_lifetime = 30;

-- Time ranges of `started_at` in which billable spans have changed by other hands: prices, deletions.
CREATE TABLE IF NOT EXISTS usage_dirty
(
    `from` DateTime('UTC'),
    `to` DateTime('UTC') COMMENT 'not included',
    reason String,
    at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY at;

-- Traces that must be settled again though no span of theirs is new.
CREATE TABLE IF NOT EXISTS settle_again
(
    trace_id String,
    at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY at;

-- Slices of `ingested_at` whose spans have changed after they were summed.
CREATE TABLE IF NOT EXISTS dirty_slices
(
    slice DateTime('UTC'),
    at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY at;

-- Sums of billable spans by slice of acceptance (ten seconds): a slice that is over gets no new span, so each span is
-- read once. A slice is replaced as a whole; keys that it no longer has are written as gone.
CREATE TABLE IF NOT EXISTS usage_slices
(
    slice DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    hour DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    tenant LowCardinality(String),
    provider LowCardinality(String),
    model LowCardinality(String),
    prompt_name LowCardinality(String),
    prompt_version LowCardinality(String),
    prompt_hash String CODEC(ZSTD(1)),
    feature LowCardinality(String),
    purpose LowCardinality(String),
    calls UInt64 CODEC(ZSTD(1)),
    errors UInt64 CODEC(ZSTD(1)),
    unpriced_calls UInt64 CODEC(ZSTD(1)),
    cache_reported_calls UInt64 CODEC(ZSTD(1)),
    cache_reported_input_tokens UInt64 CODEC(ZSTD(1)),
    input_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cached_input_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cache_write_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    output_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    reasoning_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cost_usd Nullable(Float64) CODEC(ZSTD(1)),
    cost_input_usd Nullable(Float64) CODEC(ZSTD(1)),
    cost_cached_usd Nullable(Float64) CODEC(ZSTD(1)),
    cost_write_usd Nullable(Float64) CODEC(ZSTD(1)),
    cost_output_usd Nullable(Float64) CODEC(ZSTD(1)),
    client_cost_usd Nullable(Float64) CODEC(ZSTD(1)),
    energy_kwh Nullable(Float64) CODEC(ZSTD(1)),
    energy_kwh_low Nullable(Float64) CODEC(ZSTD(1)),
    energy_kwh_high Nullable(Float64) CODEC(ZSTD(1)),
    co2e_g Nullable(Float64) CODEC(ZSTD(1)),
    version UInt64 CODEC(ZSTD(1)),
    gone UInt8 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version, gone)
PARTITION BY toStartOfHour(slice)
ORDER BY (hour, tenant, model, provider, prompt_name, prompt_version, prompt_hash, feature, purpose, slice);

-- The same by hour of acceptance, once that hour is over: `hours` in settle_marks says which of the two tables counts.
CREATE TABLE IF NOT EXISTS usage_hours AS usage_slices
ENGINE = ReplacingMergeTree(version, gone)
PARTITION BY toYYYYMMDD(slice)
ORDER BY (hour, tenant, model, provider, prompt_name, prompt_version, prompt_hash, feature, purpose, slice);

-- One row a settled trace, its call graph in arrays: settling again replaces both at once. `anchor` is the start that
-- the trace had when it was seen first, so that the row is replaced even if an earlier span came later.
CREATE TABLE IF NOT EXISTS settled_traces
(
    anchor DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    version UInt64 CODEC(ZSTD(1)),
    settled_at DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    root_span_id String CODEC(ZSTD(1)),
    root_name LowCardinality(String),
    root_service LowCardinality(String),
    task_id String CODEC(ZSTD(1)),
    task_outcome LowCardinality(String),
    task_outcome_source Enum8('none' = 0, 'attribute' = 1, 'evaluation' = 2, 'status' = 3),
    tenant LowCardinality(String),
    user_id String CODEC(ZSTD(1)),
    session_id String CODEC(ZSTD(1)),
    feature LowCardinality(String),
    purpose LowCardinality(String),
    environment LowCardinality(String),
    started_at DateTime64(9, 'UTC') CODEC(ZSTD(1)),
    ended_at DateTime64(9, 'UTC') CODEC(ZSTD(1)),
    duration_ns UInt64 CODEC(ZSTD(1)),
    critical_path_ns Map(LowCardinality(String), Int64) CODEC(ZSTD(1)),
    spans UInt32 CODEC(ZSTD(1)),
    llm_calls UInt32 CODEC(ZSTD(1)),
    tool_calls UInt32 CODEC(ZSTD(1)),
    retrievals UInt32 CODEC(ZSTD(1)),
    errors UInt32 CODEC(ZSTD(1)),
    depth UInt32 CODEC(ZSTD(1)),
    orphans UInt32 CODEC(ZSTD(1)),
    root_missing Bool,
    parent_cycles Bool,
    duplicates UInt32 CODEC(ZSTD(1)),
    input_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cached_input_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cache_write_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    output_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    reasoning_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cost_usd Nullable(Float64) CODEC(ZSTD(1)),
    client_cost_usd Nullable(Float64) CODEC(ZSTD(1)),
    unpriced_calls UInt32 CODEC(ZSTD(1)),
    energy_kwh Nullable(Float64) CODEC(ZSTD(1)),
    energy_kwh_low Nullable(Float64) CODEC(ZSTD(1)),
    energy_kwh_high Nullable(Float64) CODEC(ZSTD(1)),
    co2e_g Nullable(Float64) CODEC(ZSTD(1)),
    resends UInt32 CODEC(ZSTD(1)),
    failed_calls UInt32 CODEC(ZSTD(1)),
    failed_cost_usd Nullable(Float64) CODEC(ZSTD(1)),
    failed_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    repeated_tool_calls UInt32 CODEC(ZSTD(1)),
    models Array(LowCardinality(String)),
    prompt_versions Array(LowCardinality(String)),
    releases Array(LowCardinality(String)),
    tools_hashes Array(String) CODEC(ZSTD(1)),
    dialects Array(LowCardinality(String)),
    edges Nested(
        type Enum8('nesting' = 1, 'transition' = 2),
        from_kind LowCardinality(String),
        from_name LowCardinality(String),
        to_kind LowCardinality(String),
        to_name LowCardinality(String),
        count UInt32,
        errors UInt32,
        duration_ns UInt64,
        cost_usd Nullable(Float64)),
    INDEX by_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMMDD(anchor)
ORDER BY (anchor, trace_id);

-- Work of the step under way; none of it outlives the process.
CREATE TABLE IF NOT EXISTS settle_due
(
    run UInt64,
    chunk UInt32,
    trace_hash UInt64,
    anchor DateTime('UTC'),
    cells Array(UInt32)
)
ENGINE = Memory;

CREATE TABLE IF NOT EXISTS settle_links
(
    run UInt64,
    round UInt8,
    id UInt64,
    up UInt64,
    top UInt64,
    near UInt64,
    holder UInt64,
    depth UInt32,
    critical Bool,
    covered Int64,
    parent_operation LowCardinality(String)
)
ENGINE = Memory;

CREATE TABLE IF NOT EXISTS settle_nested
(
    run UInt64,
    id UInt64,
    mute Bool,
    around_id UInt64,
    around_mute Bool,
    level UInt8,
    same_tokens Bool
)
ENGINE = Memory;

CREATE TABLE IF NOT EXISTS settle_tops
(
    run UInt64,
    round UInt8,
    id UInt64,
    top UInt64
)
ENGINE = Memory;

CREATE TABLE IF NOT EXISTS settle_changes
(
    row UInt64,
    cell UInt32,
    slice DateTime('UTC'),
    bill Bool,
    winner String
)
ENGINE = Join(ANY, LEFT, row)
SETTINGS persistent = 0;

CREATE TABLE IF NOT EXISTS settle_edges
(
    run UInt64,
    trace_hash UInt64,
    type Enum8('nesting' = 1, 'transition' = 2),
    from_kind LowCardinality(String),
    from_name LowCardinality(String),
    to_kind LowCardinality(String),
    to_name LowCardinality(String),
    count UInt32,
    errors UInt32,
    duration_ns UInt64,
    cost_usd Nullable(Float64)
)
ENGINE = Memory;

-- Spans of the traces under work, as far as settling needs them. `id` and `parent` are hashes of trace and span id,
-- `row` one of the stored row; `place` orders the spans of a trace by start, then span id.
CREATE TABLE IF NOT EXISTS settle_spans
(
    run UInt64,
    row UInt64,
    trace_hash UInt64,
    id UInt64,
    parent UInt64,
    place UInt128,
    trace_id String,
    span_id String,
    name LowCardinality(String),
    service LowCardinality(String),
    environment LowCardinality(String),
    started_at DateTime64(9, 'UTC'),
    ingested_at DateTime64(3, 'UTC'),
    start_ns UInt64,
    end_ns UInt64,
    error Bool,
    operation LowCardinality(String),
    node LowCardinality(String),
    request_model LowCardinality(String),
    model_revision LowCardinality(String),
    prompt_version LowCardinality(String),
    release LowCardinality(String),
    dialect LowCardinality(String),
    tools_hash String,
    tenant LowCardinality(String),
    user_id String,
    session_id String,
    task_id String,
    task_outcome LowCardinality(String),
    feature LowCardinality(String),
    purpose LowCardinality(String),
    tool_name LowCardinality(String),
    tool_arguments_hash String,
    attempt UInt32,
    response_id String,
    usage_role LowCardinality(String),
    from_rollup Bool,
    billable Bool,
    marked Bool,
    winner String,
    holds Bool,
    input_tokens Nullable(UInt64),
    raw_input_tokens Nullable(UInt64),
    cached_input_tokens Nullable(UInt64),
    cache_write_tokens Nullable(UInt64),
    cache_write_1h_tokens Nullable(UInt64),
    output_tokens Nullable(UInt64),
    reasoning_tokens Nullable(UInt64),
    cost_usd Nullable(Float64),
    client_cost_usd Nullable(Float64),
    unpriced Bool,
    energy_kwh Nullable(Float64),
    energy_kwh_low Nullable(Float64),
    energy_kwh_high Nullable(Float64),
    co2e_g Nullable(Float64)
)
ENGINE = Memory;

-- What to read.
CREATE VIEW IF NOT EXISTS usage AS
SELECT
    hour, tenant, provider, model, prompt_name, prompt_version, prompt_hash, feature, purpose,
    sum(part.calls) AS calls,
    sum(part.errors) AS errors,
    sum(part.unpriced_calls) AS unpriced_calls,
    sum(part.cache_reported_calls) AS cache_reported_calls,
    sum(part.cache_reported_input_tokens) AS cache_reported_input_tokens,
    sum(part.input_tokens) AS input_tokens,
    sum(part.cached_input_tokens) AS cached_input_tokens,
    sum(part.cache_write_tokens) AS cache_write_tokens,
    sum(part.output_tokens) AS output_tokens,
    sum(part.reasoning_tokens) AS reasoning_tokens,
    sumKahan(part.cost_usd) AS cost_usd,
    sumKahan(part.cost_input_usd) AS cost_input_usd,
    sumKahan(part.cost_cached_usd) AS cost_cached_usd,
    sumKahan(part.cost_write_usd) AS cost_write_usd,
    sumKahan(part.cost_output_usd) AS cost_output_usd,
    sumKahan(part.client_cost_usd) AS client_cost_usd,
    sumKahan(part.energy_kwh) AS energy_kwh,
    sumKahan(part.energy_kwh_low) AS energy_kwh_low,
    sumKahan(part.energy_kwh_high) AS energy_kwh_high,
    sumKahan(part.co2e_g) AS co2e_g
FROM
(
    SELECT * FROM usage_slices FINAL
    WHERE slice >= (SELECT max(until) FROM settle_marks WHERE name = 'hours')
    UNION ALL
    SELECT * FROM usage_hours FINAL
    WHERE slice < (SELECT max(until) FROM settle_marks WHERE name = 'hours')
) AS part
GROUP BY hour, tenant, provider, model, prompt_name, prompt_version, prompt_hash, feature, purpose;

CREATE VIEW IF NOT EXISTS traces AS
SELECT
    trace_id, root_span_id, root_name, root_service, task_id, task_outcome, task_outcome_source, tenant, user_id,
    session_id, feature, purpose, environment, started_at, ended_at, duration_ns, critical_path_ns, spans, llm_calls,
    tool_calls, retrievals, errors, depth, orphans, root_missing, parent_cycles, duplicates, input_tokens,
    cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd, client_cost_usd,
    unpriced_calls, energy_kwh, energy_kwh_low, energy_kwh_high, co2e_g, resends, failed_calls, failed_cost_usd,
    failed_tokens, repeated_tool_calls, models, prompt_versions, releases, tools_hashes, dialects, settled_at
FROM settled_traces FINAL;

CREATE VIEW IF NOT EXISTS edges AS
SELECT
    trace_id, tenant, started_at, type, from_kind, from_name, to_kind, to_name, count, errors, duration_ns, cost_usd
FROM
(
    SELECT
        trace_id, tenant, started_at, edge.type AS type, edge.from_kind AS from_kind, edge.from_name AS from_name,
        edge.to_kind AS to_kind, edge.to_name AS to_name, edge.count AS count, edge.errors AS errors,
        edge.duration_ns AS duration_ns, edge.cost_usd AS cost_usd
    FROM settled_traces FINAL
    ARRAY JOIN edges AS edge
);
