-- What scheduled jobs did and what they said. A run is one row, and it is what makes the observations of its window count:
-- of one window the newest run that did not fail does. `findings` follows from both and may be made again from them.

CREATE TABLE IF NOT EXISTS job_runs
(
    run_id String,
    job LowCardinality(String),
    window_from DateTime64(3, 'UTC'),
    window_to DateTime64(3, 'UTC') COMMENT 'not included',
    started_at DateTime64(3, 'UTC'),
    seconds Float64,
    outcome Enum8('ok' = 1, 'not_computable' = 2, 'failed' = 3),
    reason String COMMENT 'which inputs were lacking, or what went wrong',
    rows_read UInt64,
    rows_by_statement Map(String, UInt64),
    candidates UInt32 COMMENT 'before the rules',
    findings UInt32 COMMENT 'after them',
    notes String COMMENT 'JSON: what was dropped and why, and what the job says of its inputs',
    trigger Enum8('schedule' = 1, 'catch_up' = 2, 'late' = 3, 'manual' = 4, 'backfill' = 5),
    holder String COMMENT 'the process that ran it',
    seen_until DateTime64(3, 'UTC') COMMENT 'spans accepted before it were settled when the run began',
    version DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(window_to)
ORDER BY (job, window_to, window_from, version);

-- What a run of a window said of a problem, after the rules of volume, effect and significance; `severity` is what they let
-- through, before the rule of persistence, which needs other windows.
CREATE TABLE IF NOT EXISTS finding_observations
(
    run_id String,
    finding_id String,
    job LowCardinality(String),
    kind LowCardinality(String),
    subject Map(String, String),
    severity LowCardinality(String),
    window_from DateTime64(3, 'UTC'),
    window_to DateTime64(3, 'UTC'),
    since DateTime64(3, 'UTC'),
    until DateTime64(3, 'UTC'),
    persistent Bool COMMENT 'in at least two of the last three parts of the window',
    effect Float64,
    effect_unit LowCardinality(String),
    p_value Nullable(Float64),
    q_value Nullable(Float64),
    n UInt64,
    cost_usd Nullable(Float64),
    energy_kwh Nullable(Float64),
    tenants_hit Nullable(UInt32),
    title String CODEC(ZSTD(3)),
    summary String CODEC(ZSTD(3)),
    trace_ids Array(String) CODEC(ZSTD(3)),
    query String CODEC(ZSTD(3)),
    details String CODEC(ZSTD(3)) COMMENT 'JSON'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(window_to)
ORDER BY (job, finding_id, window_to, window_from);

CREATE TABLE IF NOT EXISTS finding_states
(
    finding_id String,
    job LowCardinality(String),
    kind LowCardinality(String),
    subject Map(String, String),
    severity Enum8('page' = 1, 'ticket' = 2, 'digest' = 3),
    state Enum8('open' = 1, 'resolved' = 2),
    window_from DateTime64(3, 'UTC'),
    window_to DateTime64(3, 'UTC'),
    first_seen DateTime64(3, 'UTC'),
    last_seen DateTime64(3, 'UTC'),
    resolved_at Nullable(DateTime64(3, 'UTC')),
    effect Float64,
    effect_unit LowCardinality(String),
    p_value Nullable(Float64),
    q_value Nullable(Float64),
    n UInt64,
    cost_usd Nullable(Float64),
    energy_kwh Nullable(Float64),
    tenants_hit Nullable(UInt32),
    title String,
    summary String,
    trace_ids Array(String),
    query String,
    details String,
    version UInt64,
    gone UInt8
)
ENGINE = ReplacingMergeTree(version, gone)
ORDER BY (job, finding_id);

-- What to read: one row a problem.
CREATE VIEW IF NOT EXISTS findings AS
SELECT
    finding_id, job, kind, subject, severity, state, window_from, window_to, first_seen, last_seen, effect, effect_unit,
    p_value, q_value, n, cost_usd, energy_kwh, tenants_hit, title, summary, trace_ids, query, details
FROM finding_states FINAL;
