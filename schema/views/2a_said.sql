-- Spans that say something, on their way to 2_messages.sql.
CREATE MATERIALIZED VIEW blocks_from_hashed TO said_blocks AS
SELECT started_at, block_kinds, block_hashes, block_texts
FROM hashed_spans
WHERE notEmpty(block_hashes);
