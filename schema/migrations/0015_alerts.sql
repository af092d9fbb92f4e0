-- Alerts are a journal: one row a change, with all of the alert as it is after it and the channels that must hear of it.
-- The row is written before anything is sent, and the insert is one part: a change and its messages are there, or neither.
CREATE TABLE IF NOT EXISTS alert_changes
(
    change_id String COMMENT 'alert, episode and event: the key by which receivers drop what comes twice',
    alert_id String COMMENT 'stable: the same rule and labels',
    rule LowCardinality(String),
    labels Map(String, String),
    severity Enum8('page' = 1, 'ticket' = 2, 'digest' = 3),
    state Enum8('pending' = 1, 'firing' = 2, 'acknowledged' = 3, 'resolved' = 4),
    episode UInt32 COMMENT 'how often it has fired',
    event Enum8('none' = 0, 'trigger' = 1, 'acknowledge' = 2, 'resolve' = 3, 'remind' = 4, 'escalate' = 5),
    channels Array(String) COMMENT 'that must hear of this change',
    at DateTime64(3, 'UTC'),
    since DateTime64(3, 'UTC') COMMENT 'when the condition began to hold',
    fired_at Nullable(DateTime64(3, 'UTC')),
    acknowledged_at Nullable(DateTime64(3, 'UTC')),
    acknowledged_by String,
    resolved_at Nullable(DateTime64(3, 'UTC')),
    notified_at Nullable(DateTime64(3, 'UTC')),
    flapping Bool,
    no_data Bool,
    silenced_by String,
    value Nullable(Float64),
    title String CODEC(ZSTD(3)),
    summary String CODEC(ZSTD(3)),
    finding_id String,
    cost_usd Nullable(Float64),
    energy_kwh Nullable(Float64),
    tenants_hit Nullable(UInt32),
    trace_ids Array(String) CODEC(ZSTD(3)),
    query String CODEC(ZSTD(3)),
    memory String CODEC(ZSTD(3)) COMMENT 'JSON: what the life of the alert must remember',
    version UInt64
)
ENGINE = MergeTree
ORDER BY (alert_id, version);

-- What somebody asked for, whichever process took it; the process that evaluates makes it a change.
CREATE TABLE IF NOT EXISTS alert_asks
(
    alert_id String,
    episode UInt32,
    asked_by String,
    at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (alert_id, episode);

-- Attempts to deliver. A message without a row `sent` is waiting.
CREATE TABLE IF NOT EXISTS alert_deliveries
(
    change_id String,
    alert_id String,
    channel LowCardinality(String),
    outcome Enum8('sent' = 1, 'failed' = 2),
    attempt UInt32,
    error String,
    at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (at, change_id, channel);

CREATE TABLE IF NOT EXISTS alert_silences
(
    silence_id String,
    matchers Map(String, String) COMMENT 'label to pattern; all must fit',
    starts_at DateTime64(3, 'UTC'),
    ends_at DateTime64(3, 'UTC'),
    created_by String,
    comment String,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY silence_id;

-- Rules that were given to the API; `rule` is JSON with the words of the rules file.
CREATE TABLE IF NOT EXISTS alert_rules
(
    name String,
    rule String,
    changed_by String,
    version UInt64,
    gone UInt8
)
ENGINE = ReplacingMergeTree(version, gone)
ORDER BY name;

-- How the last evaluation of each rule went; written when that changes.
CREATE TABLE IF NOT EXISTS alert_rule_states
(
    rule String,
    state Enum8('ok' = 1, 'error' = 2),
    message String,
    groups UInt32,
    seconds Float64,
    at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY rule;

CREATE TABLE IF NOT EXISTS alert_channels
(
    channel String,
    kind LowCardinality(String),
    state Enum8('ok' = 1, 'failing' = 2, 'dead' = 3),
    since DateTime64(3, 'UTC'),
    error String,
    waiting UInt32,
    sent_at Nullable(DateTime64(3, 'UTC')),
    at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY channel;

-- What to read: one row an alert. An acknowledgement shows at once.
CREATE VIEW IF NOT EXISTS alerts AS
SELECT
    alert_id, rule, labels, severity,
    if(newest.state = 'firing' AND asks.at > toDateTime64(0, 3, 'UTC'), 'acknowledged', toString(newest.state)) AS state,
    episode, since, fired_at,
    if(isNull(acknowledged_at) AND asks.at > toDateTime64(0, 3, 'UTC'), asks.at, acknowledged_at) AS acknowledged_at,
    if(acknowledged_by = '', asks.asked_by, acknowledged_by) AS acknowledged_by,
    resolved_at, notified_at, flapping, no_data, silenced_by, value, title, summary, finding_id, cost_usd, energy_kwh,
    tenants_hit, trace_ids, query, newest.at AS changed_at
FROM (SELECT * FROM alert_changes ORDER BY alert_id, version DESC LIMIT 1 BY alert_id) AS newest
LEFT JOIN (SELECT alert_id, episode, at, asked_by FROM alert_asks FINAL) AS asks USING (alert_id, episode);

CREATE VIEW IF NOT EXISTS alert_history AS
SELECT alert_id, rule, labels, severity, state, episode, event, channels, at, acknowledged_by, value, title, version
FROM alert_changes;
