-- What the view that prices calls asks: views over the tables of prices, and dictionaries over those. Unlike a migration
-- they are replaced when their text changes. `login` is empty where dictionaries may read without one.

CREATE OR REPLACE DICTIONARY price_providers (name String, price_provider String)
PRIMARY KEY name
SOURCE(CLICKHOUSE({{ login }}QUERY '
    SELECT name, price_provider FROM {{ database }}.price_provider_names FINAL
    WHERE list = (SELECT argMax(sha256, loaded_at) FROM {{ database }}.price_lists)'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(0);

CREATE OR REPLACE DICTIONARY model_names (provider String, name String, model_key String)
PRIMARY KEY provider, name
SOURCE(CLICKHOUSE({{ login }}QUERY '
    SELECT provider, name, argMin(model_key, rank) AS model_key
    FROM
    (
        SELECT \'*\' AS provider, name, argMax(model_key, added_at) AS model_key, 0 AS rank
        FROM {{ database }}.model_aliases GROUP BY name
        UNION ALL
        SELECT price_provider, lower(model), argMax(model_key, added_at), 1
        FROM {{ database }}.price_overrides GROUP BY price_provider, lower(model)
        UNION ALL
        SELECT provider, name, model_key, 2
        FROM {{ database }}.price_names FINAL WHERE list = (SELECT argMax(sha256, loaded_at) FROM {{ database }}.price_lists)
    )
    GROUP BY provider, name'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(0);

CREATE OR REPLACE DICTIONARY model_rules (regexp String, model_key String)
PRIMARY KEY regexp
SOURCE(CLICKHOUSE({{ login }}QUERY '
    SELECT id, toUInt64(0) AS parent_id, regexp, [\'model_key\'] AS keys, [model_key] AS values
    FROM {{ database }}.price_rules FINAL WHERE list = (SELECT argMax(sha256, loaded_at) FROM {{ database }}.price_lists)
    ORDER BY id'))
LAYOUT(REGEXP_TREE())
LIFETIME(0);

-- At which minute of the UTC day the price began that holds at a minute; models with one price all day are not here.
CREATE OR REPLACE DICTIONARY price_hours (model_key String, first UInt16, last UInt16, from_minute UInt16)
PRIMARY KEY model_key
SOURCE(CLICKHOUSE({{ login }}QUERY '
    SELECT DISTINCT model_key, from_minute AS first, toUInt16(to_minute - 1) AS last, from_minute
    FROM {{ database }}.price_rows FINAL
    WHERE list = (SELECT argMax(sha256, loaded_at) FROM {{ database }}.price_lists) AND to_minute - from_minute < 1440'))
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

CREATE OR REPLACE DICTIONARY price_plans
(
    scope String, model_key String, mode String, from_minute UInt16, valid_from Date, valid_to Date, plan UInt64
)
PRIMARY KEY scope, model_key, mode, from_minute
SOURCE(CLICKHOUSE({{ login }}QUERY 'SELECT scope, model_key, mode, from_minute, valid_from, valid_to, plan FROM {{ database }}.price_days'))
LAYOUT(COMPLEX_KEY_RANGE_HASHED(RANGE_LOOKUP_STRATEGY 'max'))
RANGE(MIN valid_from MAX valid_to)
LIFETIME(0);

-- The rates of a plan by the call's input tokens.
CREATE OR REPLACE DICTIONARY price_rates
(
    plan UInt64, tier_from UInt64, tier_to UInt64, id String, mode String,
    input Float64 DEFAULT nan, cached Float64 DEFAULT nan,
    write Float64 DEFAULT nan, write_1h Float64 DEFAULT nan,
    output Float64 DEFAULT nan, reasoning Float64 DEFAULT nan,
    audio_input Float64 DEFAULT nan, audio_cached Float64 DEFAULT nan, audio_output Float64 DEFAULT nan,
    request Float64, second Float64
)
PRIMARY KEY plan
SOURCE(CLICKHOUSE({{ login }}QUERY '
    SELECT plan, tier_from, toUInt64(9223372036854775807) AS tier_to, id, mode, input, cached, write, write_1h, output,
        reasoning, audio_input, audio_cached, audio_output, request, second
    FROM {{ database }}.prices'))
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
