CREATE TABLE explained
(
    span_id String,
    scope String,
    kind UInt16,
    all_ids Array(UInt16),
    slots Array(UInt16)
)
ENGINE = Memory;

CREATE MATERIALIZED VIEW explained_from_mapped TO explained AS
SELECT
    lower(hex(whole.raw_span_id)) AS span_id,
    whole.scope AS scope,
    span_kind AS kind,
    all_ids,
    slots
FROM mapped_spans;

CREATE TABLE scopes_explained (span_id String, by_scope Bool) ENGINE = Memory;

CREATE MATERIALIZED VIEW scopes_from_keyed TO scopes_explained AS
SELECT lower(hex(whole.raw_span_id)) AS span_id, scope_kind > 0 AS by_scope
FROM keyed_spans;

CREATE TABLE recognised_explained ENGINE = Memory AS SELECT * FROM recognised_spans;

CREATE MATERIALIZED VIEW recognised_to_explained TO recognised_explained AS
SELECT *
FROM recognised_spans;
