-- Who may come in, and who did what. Of a key only its hash is stored.
CREATE TABLE IF NOT EXISTS api_keys
(
    key_id String COMMENT 'stands in the key; no secret',
    name String,
    role Enum8('ingest' = 1, 'read' = 2, 'admin' = 3),
    tenants Array(String) COMMENT 'whose rows it may read; empty: all',
    sha256 String COMMENT 'of the whole key, in hex',
    created_at DateTime64(3, 'UTC'),
    created_by String,
    expires_at Nullable(DateTime64(3, 'UTC')),
    revoked_at Nullable(DateTime64(3, 'UTC')),
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY key_id;

CREATE TABLE IF NOT EXISTS api_key_uses
(
    key_id String,
    used_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(used_at)
ORDER BY key_id;

CREATE TABLE IF NOT EXISTS audit_log
(
    at DateTime64(3, 'UTC'),
    actor String COMMENT 'the name of the key, or who ran the command',
    key_id String,
    role LowCardinality(String),
    address String COMMENT 'of the client',
    action LowCardinality(String) COMMENT 'method of HTTP, or `command`',
    subject String COMMENT 'path of the request, or the command',
    status UInt16,
    details String CODEC(ZSTD(3)) COMMENT 'the beginning of what was sent'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY at
TTL toDateTime(at) + INTERVAL 400 DAY;
