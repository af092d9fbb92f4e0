CREATE OR REPLACE TABLE renewed (trace_id String, hour DateTime('UTC'), calls UInt64) ENGINE = MergeTree ORDER BY hour
