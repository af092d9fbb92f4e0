{% import 'energy.jinja' as energy with context -%}
-- A window's energy under every factor set, side by side. Sums are over the calls that a set knows; `calls_known` says how
-- many those are. Location- and market-based carbon are two answers to one question: never add them.
SELECT
    factor_set,
    count() AS calls,
    countIf(known) AS calls_known,
    countIf(energy_source = 'measured') AS calls_measured,
    sumOrNullIf(low, known) AS kwh_low,
    sumOrNullIf(mid, known) AS kwh,
    sumOrNullIf(high, known) AS kwh_high,
    sumOrNullIf(mid * location + made, known) AS co2e_location_g,
    sumOrNullIf(mid * market + made, known) AS co2e_market_g,
    sumOrNullIf(mid, known AND market IS NOT NULL) AS kwh_with_market
FROM
(
    SELECT
        factor_set, energy_source,
        if(energy_source = 'measured', ifNull(energy_kwh, nan), {{ energy.kwh('mid') }}) AS mid,
        NOT isNaN(mid) AS known,
        if(energy_source = 'measured', ifNull(energy_kwh, nan), {{ energy.kwh('low') }}) AS low,
        if(energy_source = 'measured', ifNull(energy_kwh, nan), {{ energy.kwh('high') }}) AS high,
        if(energy_source = 'measured', 0, {{ energy.embodied() }}) AS made,
        {{ energy.intensity() }} AS location,
        dictGetOrNull('grid_rows', 'g_per_kwh', market_row) AS market
    FROM
    (
        SELECT *, {{ energy.terms() }} AS terms
        FROM
        (
            SELECT
                factor_set, energy_source, energy_kwh, input_tokens, cached_input_tokens, output_tokens, duration_ns,
                {{ energy.factor_row('factor_set') }} AS factor_row,
                {{ energy.place_row('location') }} AS place_row,
                {{ energy.place_row('market') }} AS market_row
            FROM spans
            CROSS JOIN (SELECT DISTINCT toString(factor_set) AS factor_set FROM energy_factors) AS sets
            WHERE (billable OR energy_source = 'measured')
                AND started_at >= {from:DateTime64(9, 'UTC')} AND started_at < {to:DateTime64(9, 'UTC')}
        )
    )
)
GROUP BY factor_set
ORDER BY factor_set
