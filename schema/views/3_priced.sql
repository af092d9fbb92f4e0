-- Every call gets its price.
CREATE MATERIALIZED VIEW priced_from_hashed TO priced_spans AS
SELECT *
FROM hashed_spans;
