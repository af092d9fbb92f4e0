-- What a span costs now, for those whose cost has changed.
{% from 'parts/money.sql' import priced, costs %}{% from 'key.sql' import key %}
INSERT INTO repriced
SELECT key, trace_id, toStartOfHour(started_at), 1,
{% for expression in costs.values() %}
    {{ expression }} AS new_{{ loop.index }}{{ "," if not loop.last }}
{% endfor %}
FROM
(
    {{ priced("(SELECT *, " ~ key ~ " AS key FROM spans
        WHERE started_at >= {from:DateTime64(3, 'UTC')} AND started_at < {to:DateTime64(3, 'UTC')} AND billable)") }}
)
WHERE
{% for column in costs %}
{% if column.endswith('_usd') %}
    ifNull(new_{{ loop.index }}, -1) != ifNull({{ column }}, -1) OR
{% else %}
    toString(new_{{ loop.index }}) != toString({{ column }}){{ " OR" if not loop.last }}
{% endif %}
{% endfor %}
