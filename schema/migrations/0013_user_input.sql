-- What a user newly said with a call: how long it is, and a sketch of its words. A sketch has a bit for each of 256
-- buckets of hashed words and pairs of words: enough to see that what users ask has moved, not to read it again.
-- Both are 0 where the call's last message is not a user's, or was not sent.
ALTER TABLE spans
    ADD COLUMN IF NOT EXISTS user_characters UInt32 CODEC(ZSTD(1)) AFTER output_hashes,
    ADD COLUMN IF NOT EXISTS user_sketch UInt256 CODEC(ZSTD(1)) AFTER user_characters;

ALTER TABLE hashed_spans
    ADD COLUMN IF NOT EXISTS user_characters UInt32,
    ADD COLUMN IF NOT EXISTS user_sketch UInt256;

ALTER TABLE priced_spans
    ADD COLUMN IF NOT EXISTS user_characters UInt32,
    ADD COLUMN IF NOT EXISTS user_sketch UInt256;
