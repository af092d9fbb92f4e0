-- The ledger: what was recognised, who is billed, what a call cost and burnt, and the hashes of what was said.
-- Rows change in place when a second layer shows up or prices change: UPDATE writes patch parts, which need the first
-- two settings. The third merges parts of like size only, so that a large one is not written again for small ones' sake.

ALTER TABLE spans MODIFY SETTING
    enable_block_number_column = 1,
    enable_block_offset_column = 1,
    merge_selector_base = 12;

ALTER TABLE spans MODIFY COLUMN attributes Map(LowCardinality(String), String) CODEC(LZ4);

ALTER TABLE spans
    ADD COLUMN IF NOT EXISTS dialect LowCardinality(String) AFTER problem_bits,
    ADD COLUMN IF NOT EXISTS dialect_version LowCardinality(String) AFTER dialect,
    ADD COLUMN IF NOT EXISTS token_rule LowCardinality(String) AFTER dialect_version,
    ADD COLUMN IF NOT EXISTS token_semantics Enum8('unknown' = 0, 'inclusive' = 1, 'exclusive' = 2,
        'inclusive_inferred' = 3, 'exclusive_inferred' = 4) AFTER token_rule,
    ADD COLUMN IF NOT EXISTS usage_role Enum8('none' = 0, 'leaf' = 1, 'rollup' = 2, 'duplicate' = 3, 'partial' = 4)
        AFTER token_semantics,
    ADD COLUMN IF NOT EXISTS flag_bits UInt32 CODEC(ZSTD(1)) AFTER usage_role,
    ADD COLUMN IF NOT EXISTS flags Array(String) ALIAS arrayMap(bit -> ['cached_over_input', 'input_mended',
        'model_inferred', 'usage_missing', 'usage_estimated', 'usage_from_rollup', 'attributes_dropped',
        'output_excluded_reasoning', 'provider_inferred', 'cost_mismatch', 'content_cut', 'content_masked']
        [bit + 1], bitPositionsToArray(flag_bits)) AFTER flag_bits,
    ADD COLUMN IF NOT EXISTS raw_input_tokens Nullable(UInt64) CODEC(ZSTD(1)) AFTER flags,
    ADD COLUMN IF NOT EXISTS cache_write_1h_tokens Nullable(UInt64) CODEC(ZSTD(1)) AFTER raw_input_tokens,
    ADD COLUMN IF NOT EXISTS cache_write_5m_tokens Nullable(UInt64)
        ALIAS if(cache_write_tokens >= cache_write_1h_tokens, cache_write_tokens - cache_write_1h_tokens, NULL)
        AFTER cache_write_1h_tokens,
    ADD COLUMN IF NOT EXISTS audio_input_tokens Nullable(UInt64) CODEC(ZSTD(1)) AFTER cache_write_5m_tokens,
    ADD COLUMN IF NOT EXISTS audio_output_tokens Nullable(UInt64) CODEC(ZSTD(1)) AFTER audio_input_tokens,
    ADD COLUMN IF NOT EXISTS response_id String CODEC(ZSTD(1)) AFTER audio_output_tokens,
    ADD COLUMN IF NOT EXISTS request_tier LowCardinality(String) AFTER response_id,
    ADD COLUMN IF NOT EXISTS provider_region LowCardinality(String) AFTER request_tier,
    ADD COLUMN IF NOT EXISTS error_kind LowCardinality(String) AFTER provider_region,
    ADD COLUMN IF NOT EXISTS workflow LowCardinality(String) AFTER error_kind,
    ADD COLUMN IF NOT EXISTS release LowCardinality(String) AFTER workflow,
    ADD COLUMN IF NOT EXISTS billable Bool AFTER release,
    ADD COLUMN IF NOT EXISTS duplicate_of String CODEC(ZSTD(1)) AFTER billable,
    ADD COLUMN IF NOT EXISTS cost_usd Nullable(Float64) CODEC(ZSTD(1)) AFTER duplicate_of,
    ADD COLUMN IF NOT EXISTS cost_input_usd Nullable(Float64) CODEC(ZSTD(1)) AFTER cost_usd,
    ADD COLUMN IF NOT EXISTS cost_cached_usd Nullable(Float64) CODEC(ZSTD(1)) AFTER cost_input_usd,
    ADD COLUMN IF NOT EXISTS cost_write_usd Nullable(Float64) CODEC(ZSTD(1)) AFTER cost_cached_usd,
    ADD COLUMN IF NOT EXISTS cost_output_usd Nullable(Float64) CODEC(ZSTD(1)) AFTER cost_write_usd,
    ADD COLUMN IF NOT EXISTS client_cost_usd Nullable(Float64) CODEC(ZSTD(1)) AFTER cost_output_usd,
    ADD COLUMN IF NOT EXISTS cost_status Enum8('none' = 0, 'priced' = 1, 'partial' = 2, 'unpriced' = 3)
        AFTER client_cost_usd,
    ADD COLUMN IF NOT EXISTS price_row LowCardinality(String) AFTER cost_status,
    ADD COLUMN IF NOT EXISTS energy_kwh Nullable(Float64) CODEC(ZSTD(1)) AFTER price_row,
    ADD COLUMN IF NOT EXISTS energy_kwh_low Nullable(Float64) CODEC(ZSTD(1)) AFTER energy_kwh,
    ADD COLUMN IF NOT EXISTS energy_kwh_high Nullable(Float64) CODEC(ZSTD(1)) AFTER energy_kwh_low,
    ADD COLUMN IF NOT EXISTS energy_source Enum8('none' = 0, 'measured' = 1, 'modelled' = 2) AFTER energy_kwh_high,
    ADD COLUMN IF NOT EXISTS energy_factors LowCardinality(String) AFTER energy_source,
    ADD COLUMN IF NOT EXISTS co2e_g Nullable(Float64) CODEC(ZSTD(1)) AFTER energy_factors,
    ADD COLUMN IF NOT EXISTS grid LowCardinality(String) AFTER co2e_g,
    ADD COLUMN IF NOT EXISTS tools_hash FixedString(16) CODEC(ZSTD(1)) AFTER grid,
    ADD COLUMN IF NOT EXISTS system_hash FixedString(16) CODEC(ZSTD(1)) AFTER tools_hash,
    ADD COLUMN IF NOT EXISTS message_hashes Array(FixedString(16)) CODEC(ZSTD(1)) AFTER system_hash,
    ADD COLUMN IF NOT EXISTS message_offsets Array(UInt32) CODEC(ZSTD(1)) AFTER message_hashes,
    ADD COLUMN IF NOT EXISTS output_hashes Array(FixedString(16)) CODEC(ZSTD(1)) AFTER message_offsets,
    ADD INDEX IF NOT EXISTS by_ingest ingested_at TYPE minmax GRANULARITY 1;

-- The stations of a span on its way, one question each; what passes between them is stored nowhere. The views that
-- join them are in schema/views: unlike a migration, they are replaced when their text changes.
DROP VIEW IF EXISTS spans_from_otlp;

CREATE TABLE IF NOT EXISTS recognised_spans AS spans ENGINE = Null;

ALTER TABLE recognised_spans
    ADD COLUMN IF NOT EXISTS content_tools String,
    ADD COLUMN IF NOT EXISTS content_system String,
    ADD COLUMN IF NOT EXISTS content_input String,
    ADD COLUMN IF NOT EXISTS content_output String;

CREATE TABLE IF NOT EXISTS hashed_spans AS spans ENGINE = Null;

CREATE TABLE IF NOT EXISTS priced_spans AS spans ENGINE = Null;
