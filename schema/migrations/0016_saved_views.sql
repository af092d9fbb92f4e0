-- Views of the explorer that somebody saved: a name and the address that shows it. A view that was taken away is `gone`.
CREATE TABLE IF NOT EXISTS saved_views
(
    view_id String,
    name String,
    address String COMMENT 'what stands behind /explore?',
    saved_at DateTime64(3, 'UTC') COMMENT 'when it was saved first',
    version UInt64,
    gone UInt8
)
ENGINE = ReplacingMergeTree(version, gone)
ORDER BY view_id;
