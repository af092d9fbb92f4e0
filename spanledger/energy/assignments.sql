{% import 'energy.jinja' as energy with context -%}
{#- An UPDATE has no subqueries to name things in, so the names are put in as text. -#}
{% macro put(text) -%}
{{ text | replace('terms', energy.terms()) | replace('factor_row', energy.factor_row("'" ~ settings.energy_factor_set ~ "'"))
    | replace('place_row', energy.place_row('location')) }}
{%- endmacro -%}
{% macro assigned(measured, unknown, modelled) -%}
if(isNaN({{ put(energy.kwh('mid')) }}), if(energy_source = 'measured', {{ put(measured) }}, {{ unknown }}), {{ put(modelled) }})
{%- endmacro -%}
energy_kwh = {{ assigned('energy_kwh', 'NULL', energy.stored(energy.kwh('mid'))) }},
energy_kwh_low = {{ assigned('energy_kwh', 'NULL', energy.stored(energy.kwh('low'))) }},
energy_kwh_high = {{ assigned('energy_kwh', 'NULL', energy.stored(energy.kwh('high'))) }},
energy_source = {{ assigned("'measured'", "'none'", "'modelled'") }},
energy_factors = {{ assigned("''", "''", "dictGet('energy_rows', 'label', factor_row)") }},
co2e_g = {{ assigned('energy_kwh * ' ~ energy.intensity(), 'NULL',
    energy.stored(energy.stored(energy.kwh('mid')) ~ ' * ' ~ energy.intensity() ~ ' + ' ~ energy.embodied())) }},
grid = {{ assigned(energy.basis(), "''", energy.basis()) }}
