-- Energy and carbon: factor sets side by side, and the carbon intensity of grids.
-- Rows are appended, never changed: of two with the same key and day the one that was entered last holds.

CREATE TABLE IF NOT EXISTS energy_sets
(
    factor_set LowCardinality(String),
    title String,
    method String,
    source String,
    licence String,
    checksum String,
    entered_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (factor_set, entered_at);

-- Of one model: kWh of the machines (without the data centre's overhead) per token out, fresh token in, cached token in,
-- request and second of generation, and how long a generation takes in seconds per token out and per request.
-- embodied: g CO2e of making the hardware, per token out and per second. batch: what the batch tier multiplies all by.
CREATE TABLE IF NOT EXISTS energy_factors
(
    factor_set LowCardinality(String),
    provider String COMMENT 'empty: whoever serves the model',
    model String,
    valid_from Date DEFAULT '1970-01-01',
    out_low Float64, out_mid Float64, out_high Float64,
    in_low Float64, in_mid Float64, in_high Float64,
    cached_low Float64, cached_mid Float64, cached_high Float64,
    request_low Float64, request_mid Float64, request_high Float64,
    second_low Float64, second_mid Float64, second_high Float64,
    seconds_out Float64, seconds_request Float64, embodied_out Float64,
    embodied_second Float64, pue_low Float64, pue_mid Float64,
    pue_high Float64, batch Float64,
    source String,
    entered_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'),
    -- the name without vendor, date and release; the views fold the names in spans in the same way
    folded String DEFAULT replaceRegexpAll(lower(model),
        '^ft:|^.*/|^(?:[a-z]{2,6}[.])?(?:anthropic|meta|amazon|cohere|mistral|deepseek|openai|qwen)[.]|(?:[-@](?:20[0-9]{2}-?[0-9]{2}-?[0-9]{2}|latest|00[0-9]|preview(?:-[0-9]{2}-[0-9]{2})?))?(?:-v[0-9]+)?(?::(?:[0-9]+|free|latest|[^:]*:[^:]*:[^:]*))?$', '')
)
ENGINE = MergeTree
ORDER BY (factor_set, model, provider, valid_from, entered_at);

CREATE TABLE IF NOT EXISTS grid_intensity
(
    zone String,
    basis Enum8('location' = 1, 'market' = 2),
    valid_from Date DEFAULT '1970-01-01',
    g_per_kwh Float64,
    year UInt16 COMMENT '0: the source does not say',
    source String,
    preferred Bool DEFAULT true COMMENT 'false: shown beside, not used on spans',
    own Bool DEFAULT false,
    entered_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (zone, basis, valid_from, entered_at);

CREATE TABLE IF NOT EXISTS grid_places
(
    place String,
    zone String,
    entered_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (place, entered_at);
