-- What was said, once a day: tools, system instructions and messages by the hash that spans keep. A day holds all that
-- its own spans refer to, so that it goes with them.
CREATE TABLE IF NOT EXISTS messages
(
    day Date CODEC(ZSTD(1)),
    hash FixedString(16) CODEC(NONE),
    kind Enum8('message' = 0, 'tools' = 1, 'system' = 2) CODEC(ZSTD(1)),
    role LowCardinality(String),
    size UInt32 CODEC(ZSTD(1)),
    text String CODEC(ZSTD(1)),
    -- seconds before 2106: the newest version is the first that was seen, whatever the order of inserts
    seconds_left UInt32 CODEC(ZSTD(1)),
    first_seen DateTime('UTC') ALIAS toDateTime(4294967295 - seconds_left, 'UTC'),
    hash_hex String ALIAS lower(hex(hash))
)
ENGINE = ReplacingMergeTree(seconds_left)
PARTITION BY toYYYYMMDD(day)
ORDER BY hash
SETTINGS
    index_granularity = 1024,
    index_granularity_bytes = 262144,  -- so that one message is found without reading hundreds of large ones
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_compressed_bytes_to_fsync_after_merge = 1,
    old_parts_lifetime = 30,
    cleanup_delay_period = 10,
    max_cleanup_delay_period = 30;

-- A turn repeats the hashes of the turn before. They are found again, and cost nearly nothing, when that one lies in the
-- same block of compression: so blocks are large, and as large is the window to look back in.
ALTER TABLE spans
    MODIFY COLUMN IF EXISTS message_hashes CODEC(ZSTD(1, 23))
        SETTINGS (min_compress_block_size = 8388608, max_compress_block_size = 8388608),
    MODIFY COLUMN IF EXISTS message_offsets CODEC(Delta, ZSTD(1));

-- For people: hashes in hex, and one hash for each prefix of the blocks tools, system, message 1, message 2, ...
ALTER TABLE spans
    ADD COLUMN IF NOT EXISTS tools_hash_hex String
        ALIAS if(tools_hash = toFixedString('', 16), '', lower(hex(tools_hash))) AFTER output_hashes,
    ADD COLUMN IF NOT EXISTS system_hash_hex String
        ALIAS if(system_hash = toFixedString('', 16), '', lower(hex(system_hash))) AFTER tools_hash_hex,
    ADD COLUMN IF NOT EXISTS message_hashes_hex Array(String)
        ALIAS arrayMap(hash -> lower(hex(hash)), message_hashes) AFTER system_hash_hex,
    ADD COLUMN IF NOT EXISTS output_hashes_hex Array(String)
        ALIAS arrayMap(hash -> lower(hex(hash)), output_hashes) AFTER message_hashes_hex,
    ADD COLUMN IF NOT EXISTS prefix_hashes Array(String)
        ALIAS arrayMap(blocks -> lower(hex(sipHash128(arraySlice(arrayConcat([tools_hash, system_hash], message_hashes),
            1, blocks)))), range(1, length(message_hashes) + 3)) AFTER output_hashes_hex;

-- Messages on their way from a span to their table: filled by 2_hashed.sql, read by 2_messages.sql, stored nowhere.
ALTER TABLE hashed_spans
    ADD COLUMN IF NOT EXISTS block_kinds Array(UInt8),
    ADD COLUMN IF NOT EXISTS block_hashes Array(FixedString(16)),
    ADD COLUMN IF NOT EXISTS block_texts Array(String);

-- A stop on that way: a view is analysed only when rows come to it, and most spans say nothing.
CREATE TABLE IF NOT EXISTS said_blocks
(
    started_at DateTime64(9, 'UTC'),
    block_kinds Array(UInt8),
    block_hashes Array(FixedString(16)),
    block_texts Array(String)
)
ENGINE = Null;

-- Events of logs hold content too. Their view is in schema/views from now on, where it knows what is to be kept back.
DROP VIEW IF EXISTS events_from_otlp;
