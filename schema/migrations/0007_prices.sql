-- Money: what a model costs, by what names it goes, what users agreed on, and what customers pay.

-- Which price list is in force: the one loaded last.
CREATE TABLE IF NOT EXISTS price_lists
(
    sha256 String,
    source LowCardinality(String),
    version LowCardinality(String),
    loaded_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY loaded_at;

-- List prices, USD per million tokens; `request` is USD per thousand requests. NULL: no such price is known.
CREATE TABLE IF NOT EXISTS price_rows
(
    list String COMMENT 'sha256 of the price list that the row is from',
    source LowCardinality(String),
    version LowCardinality(String),
    model_key String COMMENT 'provider/model as the price list names them',
    mode LowCardinality(String) COMMENT 'batch, flex, priority, fast; empty: the standard tier',
    from_minute UInt16 COMMENT 'of the UTC day',
    to_minute UInt16,
    valid_from Date,
    valid_to Date COMMENT 'the last day, included',
    tier_from UInt64 COMMENT 'the row holds for calls with at least this many input tokens, for all their tokens',
    input Nullable(Decimal(38, 18)),
    cached Nullable(Decimal(38, 18)),
    write Nullable(Decimal(38, 18)),
    write_1h Nullable(Decimal(38, 18)),
    output Nullable(Decimal(38, 18)),
    reasoning Nullable(Decimal(38, 18)),
    audio_input Nullable(Decimal(38, 18)),
    audio_cached Nullable(Decimal(38, 18)),
    audio_output Nullable(Decimal(38, 18)),
    request Nullable(Decimal(38, 18)),
    note LowCardinality(String) COMMENT 'which rates were derived by a rule, and where the rule is from',
    id String COMMENT 'what spans.price_row says'
)
ENGINE = ReplacingMergeTree
ORDER BY (list, model_key, mode, from_minute, valid_from, tier_from);

-- Prices that users set. Rows are only ever added: among those that cover a day, the one with the latest first day
-- counts, and of two with the same first day the one added last.
CREATE TABLE IF NOT EXISTS price_overrides
(
    added_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
    provider LowCardinality(String) COMMENT 'as the user named it; empty: any',
    model LowCardinality(String),
    model_key String COMMENT 'provider/model of the price list, or of the user where the list does not know it',
    price_provider LowCardinality(String) COMMENT 'where the model is looked up; *: under any provider',
    tenant String COMMENT 'empty: all tenants',
    mode LowCardinality(String),
    valid_from Date,
    valid_to Date DEFAULT '2149-06-06',
    tier_from UInt64,
    input Nullable(Decimal(38, 18)),
    cached Nullable(Decimal(38, 18)),
    write Nullable(Decimal(38, 18)),
    write_1h Nullable(Decimal(38, 18)),
    output Nullable(Decimal(38, 18)),
    reasoning Nullable(Decimal(38, 18)),
    audio_input Nullable(Decimal(38, 18)),
    audio_cached Nullable(Decimal(38, 18)),
    audio_output Nullable(Decimal(38, 18)),
    request Nullable(Decimal(38, 18)),
    gpu_hour_usd Nullable(Decimal(38, 18)) COMMENT 'of one GPU: the model is paid by time, not by tokens',
    gpus UInt32 DEFAULT 1,
    concurrency Float64 DEFAULT 1 COMMENT 'calls that share the GPUs at a time, on average',
    note String,
    id String MATERIALIZED concat('override ', toString(added_at), ' ', model_key,
        if(tenant = '', '', concat(' for ', tenant)), ' from ', toString(valid_from),
        if(tier_from = 0, '', concat(' tier>', toString(tier_from - 1))), if(mode = '', '', concat(' ', mode)))
)
ENGINE = MergeTree
ORDER BY (model_key, tenant, mode, valid_from, added_at);

-- Names that users mapped to known models; of two mappings of one name the last one counts.
CREATE TABLE IF NOT EXISTS model_aliases
(
    added_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'),
    name String COMMENT 'as spans have it, in lower case',
    model_key String,
    by String
)
ENGINE = MergeTree
ORDER BY (name, added_at);

-- Providers by the names that spans have for them.
CREATE TABLE IF NOT EXISTS price_provider_names (list String, name String, price_provider LowCardinality(String))
ENGINE = ReplacingMergeTree
ORDER BY (list, name);

-- Names of models that the price list spells out, and patterns for all others; the lowest id that matches counts.
CREATE TABLE IF NOT EXISTS price_names (list String, provider LowCardinality(String), name String, model_key String)
ENGINE = ReplacingMergeTree
ORDER BY (list, provider, name);

CREATE TABLE IF NOT EXISTS price_rules (list String, id UInt64, regexp String, model_key String)
ENGINE = ReplacingMergeTree
ORDER BY (list, id);

-- Minutes whose spans changed under `usage`: settling sums them again.
CREATE TABLE IF NOT EXISTS usage_dirty
(
    from DateTime('UTC'),
    to DateTime('UTC') COMMENT 'not included',
    reason String,
    at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY at;

-- Days that a repricing has finished, so that one that was stopped goes on where it was.
CREATE TABLE IF NOT EXISTS repriced_days
(
    run String COMMENT 'hash of the prices in force and of the formula',
    day Date,
    spans UInt64,
    at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (run, day);

-- What customers pay. Rows are only ever added: for one tenant, plan and first day the row added last counts.
CREATE TABLE IF NOT EXISTS revenue
(
    tenant String,
    plan LowCardinality(String),
    monthly_price_usd Decimal(18, 6),
    valid_from Date,
    valid_to Nullable(Date) COMMENT 'the last day, included; NULL: until further notice',
    added_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = MergeTree
ORDER BY (tenant, valid_from, added_at);
