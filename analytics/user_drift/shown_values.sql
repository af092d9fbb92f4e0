SELECT toDate(started_at) AS day, count() AS calls, {{ column }} AS value
FROM spans
WHERE started_at >= {{ since }} AND started_at < {{ until }}
{%- if tools %} AND operation = 'tool'
{%- else %} AND billable AND operation IN ('chat', 'completion')
    {%- for name, value in where %}
    AND {{ name }} = {{ value }}
    {%- endfor %}
{%- endif %}
GROUP BY day, value
ORDER BY day, calls DESC
