-- Every call gets its price.
CREATE MATERIALIZED VIEW priced_from_hashed TO priced_spans AS
SELECT * EXCEPT (block_kinds, block_hashes, block_texts)
FROM hashed_spans;
