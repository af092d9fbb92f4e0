{% from 'parts/money.sql' import costs %}{% from 'key.sql' import key %}
UPDATE spans SET
{% for column in costs %}
    {{ column }} = joinGet('repriced', '{{ column }}', {{ key }}){{ "," if not loop.last }}
{% endfor %}
WHERE started_at >= {from:DateTime64(3, 'UTC')} AND started_at < {to:DateTime64(3, 'UTC')} AND billable
    AND joinGet('repriced', 'changed', {{ key }}) = 1
