-- Requests, and ends of segments, that the engine could not take: kept in the quarantine folder, listed here.
CREATE TABLE IF NOT EXISTS rejected
(
    id String,
    signal LowCardinality(String),
    items UInt64,
    bytes UInt64,
    reason String,
    file String,
    state Enum8('quarantined' = 0, 'stored' = 1),
    at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
