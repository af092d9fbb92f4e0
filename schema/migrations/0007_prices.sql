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

-- The dictionaries below are what the view of a span's way asks. They are loaded again when a table here changes.
CREATE DICTIONARY IF NOT EXISTS price_providers (name String, price_provider String)
PRIMARY KEY name
SOURCE(CLICKHOUSE(QUERY '
    SELECT name, price_provider FROM price_provider_names FINAL
    WHERE list = (SELECT argMax(sha256, loaded_at) FROM price_lists)'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(0);

CREATE DICTIONARY IF NOT EXISTS model_names (provider String, name String, model_key String)
PRIMARY KEY provider, name
SOURCE(CLICKHOUSE(QUERY '
    SELECT provider, name, argMin(model_key, rank) AS model_key
    FROM
    (
        SELECT \'*\' AS provider, name, argMax(model_key, added_at) AS model_key, 0 AS rank
        FROM model_aliases GROUP BY name
        UNION ALL
        SELECT price_provider, lower(model), argMax(model_key, added_at), 1
        FROM price_overrides GROUP BY price_provider, lower(model)
        UNION ALL
        SELECT provider, name, model_key, 2
        FROM price_names FINAL WHERE list = (SELECT argMax(sha256, loaded_at) FROM price_lists)
    )
    GROUP BY provider, name'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(0);

CREATE DICTIONARY IF NOT EXISTS model_rules (regexp String, model_key String)
PRIMARY KEY regexp
SOURCE(CLICKHOUSE(QUERY '
    SELECT id, toUInt64(0) AS parent_id, regexp, [\'model_key\'] AS keys, [model_key] AS values
    FROM price_rules FINAL WHERE list = (SELECT argMax(sha256, loaded_at) FROM price_lists)
    ORDER BY id'))
LAYOUT(REGEXP_TREE())
LIFETIME(0);

-- At which minute of the UTC day the price began that holds at a minute; models with one price all day are not here.
CREATE DICTIONARY IF NOT EXISTS price_hours (model_key String, first UInt16, last UInt16, from_minute UInt16)
PRIMARY KEY model_key
SOURCE(CLICKHOUSE(QUERY '
    SELECT DISTINCT model_key, from_minute AS first, toUInt16(to_minute - 1) AS last, from_minute
    FROM price_rows FINAL
    WHERE list = (SELECT argMax(sha256, loaded_at) FROM price_lists) AND to_minute - from_minute < 1440'))
LAYOUT(COMPLEX_KEY_RANGE_HASHED())
RANGE(MIN first MAX last)
LIFETIME(0);

-- All prices that are in force or were, with the rates that calls are charged: USD per token, per request, per second.
-- Where nothing else is said, cache writes cost what input costs, 1-hour writes what other writes cost, reasoning and
-- audio what the text beside them costs. A price for cached input is never made up: NaN says that it is not known.
-- `scope` is a tenant, * for all tenants, or the list (a tab keeps both apart from tenants).
CREATE OR REPLACE VIEW prices AS
SELECT
    scope, model_key, mode, from_minute, valid_from, valid_to, tier_from, id,
    sipHash64(scope, model_key, mode, from_minute, valid_from) AS plan,
    if(by_time, 0, nan) AS unknown,
    ifNull(toFloat64(raw_input) / 1000000, unknown) AS input,
    ifNull(toFloat64(raw_cached) / 1000000, unknown) AS cached,
    ifNull(toFloat64(raw_write) / 1000000, input) AS write,
    ifNull(toFloat64(raw_write_1h) / 1000000, write) AS write_1h,
    ifNull(toFloat64(raw_output) / 1000000, unknown) AS output,
    ifNull(toFloat64(raw_reasoning) / 1000000, output) AS reasoning,
    ifNull(toFloat64(raw_audio_input) / 1000000, input) AS audio_input,
    ifNull(toFloat64(raw_audio_cached) / 1000000, cached) AS audio_cached,
    ifNull(toFloat64(raw_audio_output) / 1000000, output) AS audio_output,
    ifNull(toFloat64(raw_request) / 1000, 0) AS request,
    second,
    note
FROM
(
    SELECT
        '\tlist' AS scope, model_key, mode, from_minute, valid_from, valid_to, tier_from, id,
        input AS raw_input, cached AS raw_cached, write AS raw_write, write_1h AS raw_write_1h, output AS raw_output,
        reasoning AS raw_reasoning, audio_input AS raw_audio_input, audio_cached AS raw_audio_cached,
        audio_output AS raw_audio_output, request AS raw_request,
        false AS by_time, 0. AS second, toString(note) AS note
    FROM price_rows FINAL
    WHERE list = (SELECT argMax(sha256, loaded_at) FROM price_lists)
    UNION ALL
    SELECT
        if(tenant = '', '\t*', tenant), model_key, mode, toUInt16(0), valid_from, valid_to, tier_from, id,
        input, cached, write, write_1h, output, reasoning, audio_input, audio_cached, audio_output, request,
        gpu_hour_usd IS NOT NULL, ifNull(toFloat64(gpu_hour_usd) * gpus / concurrency / 3600, 0.), note
    FROM price_overrides
    ORDER BY added_at DESC
    LIMIT 1 BY tenant, model_key, mode, valid_from, tier_from
);

-- Which prices hold on a day. A tier without a price of its own has the standard price, which `mode` of the price
-- gives away; a price that was agreed on for the standard tier never takes the place of a listed price of another tier.
CREATE OR REPLACE VIEW price_days AS
WITH
    whole AS
    (
        SELECT scope, model_key, mode, from_minute, valid_from, argMin(valid_to, tier_from) AS valid_to, any(plan) AS plan
        FROM prices GROUP BY scope, model_key, mode, from_minute, valid_from
    ),
    tiers AS
    (
        SELECT scope, model_key, groupUniqArray(mode) AS modes, minMap(map(mode, valid_from)) AS begins
        FROM whole GROUP BY scope, model_key
    ),
    listed AS (SELECT model_key, modes FROM tiers WHERE scope = '\tlist')
SELECT scope, model_key, mode, from_minute, valid_from, valid_to, plan FROM whole
UNION ALL
SELECT
    whole.scope, whole.model_key, arrayJoin(['batch', 'flex', 'priority', 'fast']) AS lacking, from_minute, valid_from,
    if(has(tiers.modes, lacking), least(valid_to, tiers.begins[lacking] - 1), valid_to) AS until, plan
FROM whole
INNER JOIN tiers ON whole.scope = tiers.scope AND whole.model_key = tiers.model_key
LEFT JOIN listed ON whole.model_key = listed.model_key
WHERE whole.mode = '' AND valid_from <= until AND (whole.scope = '\tlist' OR NOT has(listed.modes, lacking))
    AND NOT (has(tiers.modes, lacking) AND tiers.begins[lacking] = toDate(0));

CREATE DICTIONARY IF NOT EXISTS price_plans
(
    scope String, model_key String, mode String, from_minute UInt16, valid_from Date, valid_to Date, plan UInt64
)
PRIMARY KEY scope, model_key, mode, from_minute
SOURCE(CLICKHOUSE(QUERY 'SELECT scope, model_key, mode, from_minute, valid_from, valid_to, plan FROM price_days'))
LAYOUT(COMPLEX_KEY_RANGE_HASHED(RANGE_LOOKUP_STRATEGY 'max'))
RANGE(MIN valid_from MAX valid_to)
LIFETIME(0);

-- The rates of a plan by the call's input tokens.
CREATE DICTIONARY IF NOT EXISTS price_rates
(
    plan UInt64, tier_from UInt64, tier_to UInt64, id String, mode String,
    input Float64 DEFAULT nan, cached Float64 DEFAULT nan,
    write Float64 DEFAULT nan, write_1h Float64 DEFAULT nan,
    output Float64 DEFAULT nan, reasoning Float64 DEFAULT nan,
    audio_input Float64 DEFAULT nan, audio_cached Float64 DEFAULT nan, audio_output Float64 DEFAULT nan,
    request Float64, second Float64
)
PRIMARY KEY plan
SOURCE(CLICKHOUSE(QUERY '
    SELECT plan, tier_from, toUInt64(9223372036854775807) AS tier_to, id, mode, input, cached, write, write_1h, output,
        reasoning, audio_input, audio_cached, audio_output, request, second
    FROM prices'))
LAYOUT(RANGE_HASHED(RANGE_LOOKUP_STRATEGY 'max'))
RANGE(MIN tier_from MAX tier_to)
LIFETIME(0);

-- Models that have traffic and no price. Its own page of the ledger: never a cost of zero.
CREATE OR REPLACE VIEW unpriced_models AS
SELECT
    provider,
    if(model_revision != '', model_revision, request_model) AS model,
    count() AS calls,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    ifNull(input_tokens, 0) + ifNull(output_tokens, 0) AS tokens,
    min(started_at) AS first_seen,
    max(started_at) AS last_seen,
    uniqExact(tenant) AS tenants
FROM spans
WHERE cost_status = 'unpriced'
GROUP BY provider, model;

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
