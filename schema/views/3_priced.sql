-- Every call gets its price.
{% from 'parts/money.sql' import priced, costs %}
CREATE MATERIALIZED VIEW priced_from_hashed TO priced_spans AS
SELECT * EXCEPT (m, block_kinds, block_hashes, block_texts) REPLACE (
{% for column, expression in costs.items() %}
    {{ expression }} AS {{ column }}{{ "," if not loop.last }}
{% endfor %}
)
FROM ({{ priced('hashed_spans') }});
