-- The card of each page as it was sent: what moved before it, and its picture. The address of a picture has the token in it, which
-- nobody can guess: receivers fetch it without a key.
CREATE TABLE IF NOT EXISTS alert_cards
(
    alert_id String,
    episode UInt32,
    made_at DateTime64(3, 'UTC'),
    token String,
    text String CODEC(ZSTD(3)),
    triage String CODEC(ZSTD(3)) COMMENT 'JSON, as GET /api/v1/triage answers',
    png String CODEC(ZSTD(1)) COMMENT 'base64'
)
ENGINE = ReplacingMergeTree(made_at)
ORDER BY (alert_id, episode);

-- Alerts that were about a tenant who asked to be forgotten. One that fired then writes its end afterwards: housekeeping takes that
-- away, too.
CREATE TABLE IF NOT EXISTS alerts_forgotten
(
    alert_id String,
    at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY alert_id;
