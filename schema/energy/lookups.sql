-- What the view that works out energy asks: views over the tables of energy, and dictionaries over those. Unlike a
-- migration they are replaced when their text changes. `login` is empty where dictionaries may read without one.

CREATE OR REPLACE VIEW energy_rows_newest AS
SELECT *, cityHash64(factor_set, provider, model, valid_from, entered_at) AS row
FROM energy_factors
ORDER BY entered_at DESC, row
LIMIT 1 BY factor_set, provider, model, valid_from;

-- Names to series, and by day to rows. A row of one's own stands in every set, before the set's; a row for one provider
-- before the row for all: a provider that has such rows has series of its own, numbered by name and provider together.
-- Of names that fold alike, the undated wins.
CREATE OR REPLACE VIEW energy_names_all AS
SELECT
    arrayJoin(if(factor_set = 'self-hosted',
        arrayDistinct(arrayConcat((SELECT groupUniqArray(toString(factor_set)) FROM energy_factors), ['self-hosted'])),
        [toString(factor_set)])) AS chosen,
    arrayJoin(arrayDistinct([lower(model), concat('~', folded), concat('~', replaceAll(folded, '.', '-')),
        concat('~', replaceRegexpAll(folded, '([0-9])-([0-9])', '\\1.\\2'))])) AS name,
    cityHash64(chosen, name) AS series,
    lower(provider) AS of_provider, valid_from, row, factor_set = 'self-hosted' AS own, model
FROM energy_rows_newest;

CREATE OR REPLACE VIEW energy_days_ranges AS
SELECT
    number AS series,
    valid_from,
    toDate(leadInFrame(valid_from, 1, toDate('2149-06-06')) OVER (PARTITION BY number ORDER BY valid_from
        ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)) - (valid_from != max(valid_from) OVER (PARTITION BY number))
        AS valid_to,
    row
FROM
(
    SELECT number, valid_from, row
    FROM
    (
        SELECT *, minIf(valid_from, of_provider != '') OVER (PARTITION BY number) AS provider_from,
            countIf(of_provider != '') OVER (PARTITION BY number) AS provider_rows
        FROM
        (
            SELECT *, arrayJoin(if(of_provider = '',
                (SELECT groupUniqArray(lower(provider)) FROM energy_factors) || [''], [of_provider])) AS for_provider,
                series + if(for_provider = '', 0, cityHash64(for_provider)) AS number
            FROM energy_names_all
        )
    )
    WHERE of_provider != '' OR provider_rows = 0 OR valid_from < provider_from
    ORDER BY own DESC, of_provider != '' DESC, length(model), model DESC
    LIMIT 1 BY number, valid_from
);

-- Places to intensities. A zone is a place too; a region's own figure comes before that of its zone.
CREATE OR REPLACE VIEW grid_rows_newest AS
SELECT
    toString(basis) AS basis, place, valid_from, g_per_kwh,
    cityHash64(basis, place) AS series, cityHash64(basis, place, valid_from, zone, entered_at) AS row,
    concat(if(startsWith(place, 'provider:'), zone, place), ' ', toString(round(g_per_kwh, 3)), ' ', basis, ' (',
        if(lower(zone) = place OR startsWith(place, 'provider:'), '', concat(zone, ' ')),
        if(year = 0, '', concat(toString(year), ', ')), source, ')',
        if(startsWith(place, 'provider:'), concat(', default of ', substring(place, 10)), '')) AS label
FROM
(
    SELECT lower(zone) AS place, zone, basis, valid_from, g_per_kwh, year, source, own, entered_at, 1 AS direct
    FROM grid_intensity
    WHERE preferred
    UNION ALL
    SELECT p.place, g.zone, g.basis, g.valid_from, g.g_per_kwh, g.year, g.source, g.own, g.entered_at, 0 AS direct
    FROM (SELECT place, argMax(zone, entered_at) AS zone FROM grid_places GROUP BY place) AS p
    INNER JOIN (SELECT * FROM grid_intensity WHERE preferred) AS g ON g.zone = p.zone
)
ORDER BY direct DESC, own DESC, entered_at DESC
LIMIT 1 BY basis, place, valid_from;

CREATE OR REPLACE VIEW grid_days_ranges AS
SELECT
    series, valid_from,
    toDate(leadInFrame(valid_from, 1, toDate('2149-06-06')) OVER (PARTITION BY series ORDER BY valid_from
        ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)) - (valid_from != max(valid_from) OVER (PARTITION BY series))
        AS valid_to,
    row
FROM grid_rows_newest;

-- Three steps, each cheap: a name gives a series (looked up once for each distinct name of a block, since it is a
-- LowCardinality), a series and a day give a row, a row its figures. One lookup by day for each figure would cost 25.
CREATE OR REPLACE DICTIONARY energy_names (name String, series UInt64)
PRIMARY KEY name
SOURCE(CLICKHOUSE({{ login }}QUERY '
    SELECT DISTINCT concat(chosen, ''/'', name) AS name, series FROM {{ database }}.energy_names_all
    UNION ALL
    SELECT DISTINCT concat(''/'', of_provider) AS name, cityHash64(of_provider) AS series
    FROM {{ database }}.energy_names_all WHERE notEmpty(of_provider)'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(MIN 60 MAX 120);

CREATE OR REPLACE DICTIONARY energy_days (series UInt64, valid_from Date, valid_to Date, row UInt64)
PRIMARY KEY series
SOURCE(CLICKHOUSE({{ login }}QUERY 'SELECT series, valid_from, valid_to, row FROM {{ database }}.energy_days_ranges'))
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
LIFETIME(MIN 60 MAX 120);

-- Figures with the overhead of the data centre; a row's number plus one is the same row in the batch tier. What a row does
-- not know is NaN, and so is a count of tokens that it needs and a span lacks (no_in, no_out).
CREATE OR REPLACE VIEW energy_rows_figures AS
SELECT
    r.row + tier AS row,
    if(factor_set = 'self-hosted', concat(factor_set, ' ', toString(valid_from)), toString(factor_set)) AS label,
    out_low * pue_low * if(tier = 1, batch, 1) AS kwh_out_low, out_mid * pue_mid * if(tier = 1, batch, 1) AS kwh_out_mid, out_high * pue_high * if(tier = 1, batch, 1) AS kwh_out_high,
    in_low * pue_low * if(tier = 1, batch, 1) AS kwh_in_low, in_mid * pue_mid * if(tier = 1, batch, 1) AS kwh_in_mid, in_high * pue_high * if(tier = 1, batch, 1) AS kwh_in_high,
    cached_low * pue_low * if(tier = 1, batch, 1) AS kwh_cached_low, cached_mid * pue_mid * if(tier = 1, batch, 1) AS kwh_cached_mid, cached_high * pue_high * if(tier = 1, batch, 1) AS kwh_cached_high,
    request_low * pue_low * if(tier = 1, batch, 1) AS kwh_request_low, request_mid * pue_mid * if(tier = 1, batch, 1) AS kwh_request_mid, request_high * pue_high * if(tier = 1, batch, 1) AS kwh_request_high,
    second_low * pue_low * if(tier = 1, batch, 1) AS kwh_second_low, second_mid * pue_mid * if(tier = 1, batch, 1) AS kwh_second_mid, second_high * pue_high * if(tier = 1, batch, 1) AS kwh_second_high,
    seconds_out, seconds_request, embodied_out, embodied_second, pue_low, pue_mid, pue_high,
    if(out_high = 0 AND (second_high = 0 OR seconds_out = 0), 0, nan) AS no_out,
    if(in_high = 0, 0, nan) AS no_in
FROM energy_rows_newest AS r
ARRAY JOIN [0, 1] AS tier;

CREATE OR REPLACE DICTIONARY energy_rows
(
    row UInt64, label String,
    kwh_out_low Float64 DEFAULT nan, kwh_out_mid Float64 DEFAULT nan, kwh_out_high Float64 DEFAULT nan,
    kwh_in_low Float64, kwh_in_mid Float64, kwh_in_high Float64,
    kwh_cached_low Float64, kwh_cached_mid Float64, kwh_cached_high Float64,
    kwh_request_low Float64, kwh_request_mid Float64, kwh_request_high Float64,
    kwh_second_low Float64, kwh_second_mid Float64, kwh_second_high Float64,
    seconds_out Float64, seconds_request Float64, embodied_out Float64, embodied_second Float64,
    pue_low Float64, pue_mid Float64, pue_high Float64, no_out Float64, no_in Float64
)
PRIMARY KEY row
SOURCE(CLICKHOUSE({{ login }}QUERY 'SELECT row, label, kwh_out_low, kwh_out_mid, kwh_out_high, kwh_in_low, kwh_in_mid, kwh_in_high, kwh_cached_low, kwh_cached_mid, kwh_cached_high, kwh_request_low, kwh_request_mid, kwh_request_high, kwh_second_low, kwh_second_mid, kwh_second_high, seconds_out, seconds_request, embodied_out, embodied_second, pue_low, pue_mid, pue_high, no_out, no_in FROM {{ database }}.energy_rows_figures'))
LAYOUT(HASHED_ARRAY())
LIFETIME(MIN 60 MAX 120);

CREATE OR REPLACE DICTIONARY grid_names (place String, series UInt64)
PRIMARY KEY place
SOURCE(CLICKHOUSE({{ login }}QUERY 'SELECT DISTINCT concat(basis, ''/'', place) AS place, series FROM {{ database }}.grid_rows_newest'))
LAYOUT(COMPLEX_KEY_HASHED())
LIFETIME(MIN 60 MAX 120);

CREATE OR REPLACE DICTIONARY grid_days (series UInt64, valid_from Date, valid_to Date, row UInt64)
PRIMARY KEY series
SOURCE(CLICKHOUSE({{ login }}QUERY 'SELECT series, valid_from, valid_to, row FROM {{ database }}.grid_days_ranges'))
LAYOUT(RANGE_HASHED())
RANGE(MIN valid_from MAX valid_to)
LIFETIME(MIN 60 MAX 120);

CREATE OR REPLACE DICTIONARY grid_rows (row UInt64, g_per_kwh Float64, label String)
PRIMARY KEY row
SOURCE(CLICKHOUSE({{ login }}QUERY 'SELECT row, g_per_kwh, label FROM {{ database }}.grid_rows_newest'))
LAYOUT(HASHED_ARRAY())
LIFETIME(MIN 60 MAX 120);
