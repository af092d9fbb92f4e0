{% from 'assigned.jinja' import columns with context -%}
{% for column, expression in columns.items() -%}
{{ column }} = {{ expression }}{{ ",\n" if not loop.last }}
{%- endfor %}
