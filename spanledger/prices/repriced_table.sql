CREATE OR REPLACE TABLE repriced
(
    key FixedString(16),
    trace_id String,
    hour DateTime('UTC'),
    changed UInt8,
    cost_usd Nullable(Float64),
    cost_input_usd Nullable(Float64),
    cost_cached_usd Nullable(Float64),
    cost_write_usd Nullable(Float64),
    cost_output_usd Nullable(Float64),
    cost_status String,
    price_row String,
    flag_bits UInt32
)
ENGINE = Join(ANY, LEFT, key)
