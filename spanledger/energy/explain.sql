{% import 'energy.jinja' as energy with context -%}
-- What today's factors make of a span, term by term, beside what is stored on it. `co2e_market_g` is a second answer to the
-- question that `co2e_g` answers: never add them.
SELECT
    span_id, provider, request_model, model_revision,
    energy_source, energy_factors, energy_kwh, energy_kwh_low, energy_kwh_high, co2e_g, grid,
    factors.model AS factor_model, factors.source AS factor_source, toString(factors.valid_from) AS factor_from,
    terms.1 AS tokens_out, terms.2 AS tokens_fresh, terms.3 AS tokens_cached, terms.5 AS seconds,
    dictGet('energy_rows', 'kwh_out_mid', factor_row) AS kwh_per_token_out,
    dictGet('energy_rows', 'kwh_in_mid', factor_row) AS kwh_per_token_fresh,
    dictGet('energy_rows', 'kwh_cached_mid', factor_row) AS kwh_per_token_cached,
    dictGet('energy_rows', 'kwh_request_mid', factor_row) AS kwh_per_request,
    dictGet('energy_rows', 'kwh_second_mid', factor_row) AS kwh_per_second,
    dictGet('energy_rows', 'pue_mid', factor_row) AS pue_within,
    {{ energy.intensity() }} AS g_per_kwh,
    {{ energy.embodied() }} AS embodied_g,
    dictGetOrNull('grid_rows', 'g_per_kwh', market_row) AS market_g_per_kwh,
    energy_kwh * market_g_per_kwh + if(energy_source = 'measured', 0, embodied_g) AS co2e_market_g,
    if(market_g_per_kwh IS NULL, '', dictGet('grid_rows', 'label', market_row)) AS market_grid
FROM
(
    SELECT *, {{ energy.terms() }} AS terms
    FROM
    (
        SELECT *,
            {{ energy.factor_row("'" ~ settings.energy_factor_set ~ "'") }} AS factor_row,
            {{ energy.place_row('location') }} AS place_row,
            {{ energy.place_row('market') }} AS market_row
        FROM spans
        WHERE span_id IN {span_ids:Array(String)}
    )
) AS span
LEFT JOIN energy_rows_newest AS factors ON factors.row = toUInt64(span.factor_row - (span.service_tier = 'batch'))
ORDER BY started_at
