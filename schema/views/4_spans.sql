-- Every call gets its energy and carbon: measured on the span, else modelled by the chosen factor set. What was measured on a
-- roll-up or on a copy of a call would count twice: it is left out.
-- An `if` computes its branches lazily, and anew for each use, so `kwh` stands in first conditions, which are not lazy.
{% import 'energy.jinja' as energy with context -%}
CREATE MATERIALIZED VIEW spans_from_priced TO spans AS
SELECT
    * EXCEPT (factor_row, place_row, terms, kwh, measured_kwh)
    REPLACE (
        if(isNaN(kwh), measured_kwh, kwh) AS energy_kwh,
        if(isNaN(kwh), measured_kwh, {{ energy.stored(energy.kwh('low')) }}) AS energy_kwh_low,
        if(isNaN(kwh), measured_kwh, {{ energy.stored(energy.kwh('high')) }}) AS energy_kwh_high,
        if(isNaN(kwh), if(measured_kwh IS NULL, 'none', 'measured'), 'modelled') AS energy_source,
        if(isNaN(kwh), '', dictGet('energy_rows', 'label', factor_row)) AS energy_factors,
        if(isNaN(kwh), measured_kwh * {{ energy.intensity() }}, {{ energy.stored('kwh * ' ~ energy.intensity() ~ ' + ' ~ energy.embodied()) }}) AS co2e_g,
        if(isNaN(kwh) AND measured_kwh IS NULL, '', {{ energy.basis() }}) AS grid)
FROM
(
    SELECT *, {{ energy.terms() }} AS terms, {{ energy.stored(energy.kwh('mid')) }} AS kwh,
        if(energy_source = 'measured' AND energy_kwh >= 0 AND isFinite(energy_kwh)
            AND usage_role NOT IN ('rollup', 'duplicate'), energy_kwh, NULL) AS measured_kwh
    FROM
    (
        SELECT *,
            {{ energy.factor_row("'" ~ settings.energy_factor_set ~ "'") }} AS factor_row,
            {{ energy.place_row('location') }} AS place_row
        FROM priced_spans
    )
);
