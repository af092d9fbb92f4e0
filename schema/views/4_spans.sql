-- Every call gets its energy and carbon.
CREATE MATERIALIZED VIEW spans_from_priced TO spans AS
SELECT *
FROM priced_spans;
