-- Metric points: one row for each data point of every OTLP kind. Two views, as for spans (0001), and for the same
-- reasons. NULL is what was not sent; 0 was sent.

CREATE TABLE IF NOT EXISTS otlp_metrics
(
    record_headers Array(String),
    resource_metrics Array(Tuple(
        resource Tuple(attributes Map(LowCardinality(String), String)),
        scope_metrics Array(Tuple(
            scope Tuple(name String, version String, attributes Map(LowCardinality(String), String)),
            metrics Array(Tuple(
                name String,
                description String,
                unit String,
                gauge Tuple(data_points Array(Tuple(
                    time_unix_nano UInt64, start_time_unix_nano UInt64, flags UInt64,
                    attributes Map(LowCardinality(String), String),
                    as_double Nullable(Float64), as_int Nullable(Int64),
                    exemplars Array(Tuple(time_unix_nano UInt64, as_double Nullable(Float64), span_id String, trace_id String,
                    as_int Nullable(Int64), filtered_attributes Map(LowCardinality(String), String)))))),
                sum Tuple(aggregation_temporality UInt64, is_monotonic UInt64, data_points Array(Tuple(
                    time_unix_nano UInt64, start_time_unix_nano UInt64, flags UInt64,
                    attributes Map(LowCardinality(String), String),
                    as_double Nullable(Float64), as_int Nullable(Int64),
                    exemplars Array(Tuple(time_unix_nano UInt64, as_double Nullable(Float64), span_id String, trace_id String,
                    as_int Nullable(Int64), filtered_attributes Map(LowCardinality(String), String)))))),
                histogram Tuple(aggregation_temporality UInt64, data_points Array(Tuple(
                    time_unix_nano UInt64, start_time_unix_nano UInt64, flags UInt64,
                    attributes Map(LowCardinality(String), String),
                    count UInt64, sum Nullable(Float64), min Nullable(Float64), max Nullable(Float64),
                    bucket_counts Array(UInt64), explicit_bounds Array(Float64),
                    exemplars Array(Tuple(time_unix_nano UInt64, as_double Nullable(Float64), span_id String, trace_id String,
                    as_int Nullable(Int64), filtered_attributes Map(LowCardinality(String), String)))))),
                exponential_histogram Tuple(aggregation_temporality UInt64, data_points Array(Tuple(
                    time_unix_nano UInt64, start_time_unix_nano UInt64, flags UInt64,
                    attributes Map(LowCardinality(String), String),
                    count UInt64, sum Nullable(Float64), min Nullable(Float64), max Nullable(Float64),
                    scale Int64, zero_count UInt64, zero_threshold Float64,
                    positive Tuple(offset Int64, bucket_counts Array(UInt64)),
                    negative Tuple(offset Int64, bucket_counts Array(UInt64)),
                    exemplars Array(Tuple(time_unix_nano UInt64, as_double Nullable(Float64), span_id String, trace_id String,
                    as_int Nullable(Int64), filtered_attributes Map(LowCardinality(String), String)))))),
                summary Tuple(data_points Array(Tuple(
                    time_unix_nano UInt64, start_time_unix_nano UInt64, flags UInt64,
                    attributes Map(LowCardinality(String), String),
                    count UInt64, sum Float64, quantile_values Array(Tuple(quantile Float64, value Float64)))))
            ))
        ))
    ))
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS metric_points
(
    name LowCardinality(String),
    description LowCardinality(String),
    unit LowCardinality(String),
    kind Enum8('gauge' = 0, 'sum' = 1, 'histogram' = 2, 'exponential_histogram' = 3, 'summary' = 4),
    temporality Enum8('unspecified' = 0, 'delta' = 1, 'cumulative' = 2),
    monotonic Bool,
    time DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    start_time Nullable(DateTime64(9, 'UTC')) CODEC(ZSTD(1)),
    value Nullable(Float64) CODEC(ZSTD(1)),
    value_int Nullable(Int64) CODEC(ZSTD(1)),
    count Nullable(UInt64) CODEC(ZSTD(1)),
    sum Nullable(Float64) CODEC(ZSTD(1)),
    min Nullable(Float64) CODEC(ZSTD(1)),
    max Nullable(Float64) CODEC(ZSTD(1)),
    bucket_counts Array(UInt64) CODEC(ZSTD(1)),
    explicit_bounds Array(Float64) CODEC(ZSTD(1)),
    scale Nullable(Int32) CODEC(ZSTD(1)),
    zero_count Nullable(UInt64) CODEC(ZSTD(1)),
    zero_threshold Nullable(Float64) CODEC(ZSTD(1)),
    positive_offset Nullable(Int32) CODEC(ZSTD(1)),
    positive_counts Array(UInt64) CODEC(ZSTD(1)),
    negative_offset Nullable(Int32) CODEC(ZSTD(1)),
    negative_counts Array(UInt64) CODEC(ZSTD(1)),
    quantiles Array(Tuple(quantile Float64, value Float64)) CODEC(ZSTD(1)),
    no_recorded_value Bool,
    series UInt64 CODEC(ZSTD(1)),
    service LowCardinality(String),
    scope LowCardinality(String),
    scope_version LowCardinality(String),
    scope_json LowCardinality(String),
    scope_attributes Map(String, String) ALIAS JSONExtract(scope_json, 'Map(String, String)'),
    environment LowCardinality(String),
    region LowCardinality(String),
    tenant LowCardinality(String),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource LowCardinality(String),
    resource_attributes Map(String, String) ALIAS JSONExtract(resource, 'Map(String, String)'),
    exemplars_json String CODEC(ZSTD(1)),
    exemplars Array(Tuple(time DateTime64(9, 'UTC'), trace_id String, span_id String, value Nullable(Float64),
        attributes Map(String, String))) ALIAS JSONExtract(exemplars_json,
            'Array(Tuple(time DateTime64(9, \'UTC\'), trace_id String, span_id String, value Nullable(Float64),
                attributes Map(String, String)))'),
    problem_bits UInt16 CODEC(ZSTD(1)),
    problems Array(String) ALIAS arrayMap(bit -> ['time', 'start_time', 'temporality', 'scale', 'positive_offset',
        'negative_offset', attributes['spanledger.problem']][bit + 1], bitPositionsToArray(problem_bits)),
    ingested_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    INDEX by_value mapValues(attributes) TYPE bloom_filter(0.02) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY (name, service, toStartOfMinute(time))
SETTINGS
    non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_compressed_bytes_to_fsync_after_merge = 1,  -- so that merged-away parts need not be kept for eight minutes
    old_parts_lifetime = 30,
    cleanup_delay_period = 10,
    max_cleanup_delay_period = 30,
    map_serialization_version = 'with_buckets',
    map_serialization_version_for_zero_level_parts = 'basic',
    map_buckets_strategy = 'constant',
    max_buckets_in_map = 16,
    map_buckets_min_avg_size = 4,
    min_bytes_for_wide_part = 100000000,
    min_parts_to_merge_at_once = 20;

CREATE TABLE IF NOT EXISTS otlp_metric_points
(
    accepted_ns UInt64,
    resource LowCardinality(String),
    service LowCardinality(String),
    environment LowCardinality(String),
    region LowCardinality(String),
    resource_tenant LowCardinality(String),
    scope LowCardinality(String),
    scope_version LowCardinality(String),
    scope_json LowCardinality(String),
    name String,
    description String,
    unit String,
    raw_kind UInt8,
    raw_temporality UInt64,
    monotonic Bool,
    start_ns UInt64,
    time_ns UInt64,
    flags UInt64,
    as_double Nullable(Float64),
    as_int Nullable(Int64),
    count Nullable(UInt64),
    sum Nullable(Float64),
    min Nullable(Float64),
    max Nullable(Float64),
    bucket_counts Array(UInt64),
    explicit_bounds Array(Float64),
    raw_scale Nullable(Int64),
    zero_count Nullable(UInt64),
    zero_threshold Nullable(Float64),
    raw_positive_offset Nullable(Int64),
    positive_counts Array(UInt64),
    raw_negative_offset Nullable(Int64),
    negative_counts Array(UInt64),
    quantiles Array(Tuple(quantile Float64, value Float64)),
    exemplar_times Array(UInt64),
    exemplar_traces Array(String),
    exemplar_spans Array(String),
    exemplar_values Array(Nullable(Float64)),
    exemplar_attributes Array(Map(LowCardinality(String), String)),
    keys Array(LowCardinality(String)),
    encoded Array(String)
)
ENGINE = Null;

-- The points of the five kinds as tuples of one type, each with NULL or [] for what its kind does not have.
CREATE MATERIALIZED VIEW IF NOT EXISTS otlp_metric_points_from_metrics TO otlp_metric_points AS
SELECT
    accepted_ns, resource, service, environment, region, resource_tenant, scope, scope_version, scope_json,
    name, description, unit,
    point.1 AS raw_kind,
    point.2 AS raw_temporality,
    point.3 AS monotonic,
    point.5 AS start_ns,
    point.6 AS time_ns,
    point.7 AS flags,
    point.8 AS as_double,
    point.9 AS as_int,
    point.10 AS count,
    point.11 AS sum,
    point.12 AS min,
    point.13 AS max,
    point.14 AS bucket_counts,
    point.15 AS explicit_bounds,
    point.16 AS raw_scale,
    point.17 AS zero_count,
    point.18 AS zero_threshold,
    point.19 AS raw_positive_offset,
    point.20 AS positive_counts,
    point.21 AS raw_negative_offset,
    point.22 AS negative_counts,
    point.23 AS quantiles,
    point.24.time_unix_nano AS exemplar_times,
    point.24.trace_id AS exemplar_traces,
    point.24.span_id AS exemplar_spans,
    arrayMap((float, integer) -> coalesce(float, toFloat64(integer)), point.24.as_double, point.24.as_int)
        AS exemplar_values,
    point.24.filtered_attributes AS exemplar_attributes,
    mapKeys(point.4) AS keys,
    mapValues(point.4) AS encoded
FROM
(
    SELECT
        accepted_ns, resource, service, environment, region, resource_tenant, scope, scope_version, scope_json,
        metric.name AS name,
        metric.description AS description,
        metric.unit AS unit,
        arrayJoin(arrayConcat(
            arrayMap(p -> (
                0, 0, false, p.attributes, p.start_time_unix_nano, p.time_unix_nano, p.flags, p.as_double, p.as_int,
                NULL, NULL, NULL, NULL, [], [], NULL, NULL, NULL, NULL, [], NULL, [], [], p.exemplars),
                metric.gauge.data_points),
            arrayMap(p -> (
                1, metric.sum.aggregation_temporality, metric.sum.is_monotonic != 0, p.attributes,
                p.start_time_unix_nano, p.time_unix_nano, p.flags, p.as_double, p.as_int, NULL, NULL, NULL, NULL,
                [], [], NULL, NULL, NULL, NULL, [], NULL, [], [], p.exemplars),
                metric.sum.data_points),
            arrayMap(p -> (
                2, metric.histogram.aggregation_temporality, false, p.attributes, p.start_time_unix_nano,
                p.time_unix_nano, p.flags, NULL, NULL, p.count, p.sum, p.min, p.max, p.bucket_counts,
                p.explicit_bounds, NULL, NULL, NULL, NULL, [], NULL, [], [], p.exemplars),
                metric.histogram.data_points),
            arrayMap(p -> (
                3, metric.exponential_histogram.aggregation_temporality, false, p.attributes,
                p.start_time_unix_nano, p.time_unix_nano, p.flags, NULL, NULL, p.count, p.sum, p.min, p.max, [], [],
                p.scale, p.zero_count, p.zero_threshold, p.positive.offset, p.positive.bucket_counts,
                p.negative.offset, p.negative.bucket_counts, [], p.exemplars),
                metric.exponential_histogram.data_points),
            arrayMap(p -> (
                4, 0, false, p.attributes, p.start_time_unix_nano, p.time_unix_nano, p.flags, NULL, NULL, p.count,
                p.sum, NULL, NULL, [], [], NULL, NULL, NULL, NULL, [], NULL, [], p.quantile_values, []),
                metric.summary.data_points))) AS point
    FROM
    (
        SELECT
            accepted_ns,
            toLowCardinality(toJSONString(mapFromArrays(resource_keys, arraySlice(texts, 1, length(resource_keys)))))
                AS resource,
            toLowCardinality(texts[indexOf(resource_keys, 'service.name')]) AS service,
            toLowCardinality(if(texts[indexOf(resource_keys, 'deployment.environment.name')] != '',
                texts[indexOf(resource_keys, 'deployment.environment.name')],
                texts[indexOf(resource_keys, 'deployment.environment')])) AS environment,
            toLowCardinality(texts[indexOf(resource_keys, 'cloud.region')]) AS region,
            toLowCardinality(texts[indexOf(resource_keys, 'tenant.id')]) AS resource_tenant,
            toLowCardinality(part.scope.name) AS scope,
            toLowCardinality(part.scope.version) AS scope_version,
            toLowCardinality(if(empty(scope_keys), '', toJSONString(
                mapFromArrays(scope_keys, arraySlice(texts, length(resource_keys) + 1))))) AS scope_json,
            arrayJoin(part.metrics) AS metric
        FROM
        (
            SELECT
                accepted_ns,
                part,
                resource_keys,
                mapKeys(part.scope.attributes) AS scope_keys,
                arrayMap(v -> multiIf(
                        -- a string, behind its tag and a length of 1 to 4 bytes
                        startsWith(v, '\n'), substring(v, 3 + (length(v) > 129) + (length(v) > 16387) + (length(v) > 2097156)),
                        -- an integer: seven bits a byte
                        startsWith(v, '\x18'), toString(toInt64(arraySum((b, i) -> bitShiftLeft(toUInt64(bitAnd(b, 0x7F)), 7 * i),
                            reinterpret(substring(v, 2), 'Array(UInt8)'), range(length(v) - 1)))),
                        startsWith(v, '\x21'), toString(reinterpretAsFloat64(substring(v, 2))),
                        startsWith(v, '\x10'), if(endsWith(v, '\0'), 'false', 'true'),
                        -- an array with one short string, by far the most frequent
                        startsWith(v, '\x2a') AND startsWith(substring(v, 5, 1), '\n')
                            AND reinterpretAsUInt8(substring(v, 6, 1)) = length(v) - 6, concat('[', toJSONString(substring(v, 7)), ']'),
                        -- any other array, by its elements; each is a tag, a length of 1 or 2 bytes and a scalar AnyValue
                        startsWith(v, '\x2a'), arrayMap(p -> arrayMap(elements -> if(empty(elements) AND p != '', base64Encode(p),
                                concat('[', arrayStringConcat(arrayMap(v -> multiIf(
                                        startsWith(v, '\n'), toJSONString(substring(v, 3 + (length(v) > 129))),
                                        startsWith(v, '\x18'), toString(toInt64(arraySum((b, i) -> bitShiftLeft(toUInt64(bitAnd(b, 0x7F)), 7 * i),
                                            reinterpret(substring(v, 2), 'Array(UInt8)'), range(length(v) - 1)))),
                                        startsWith(v, '\x21'), transform(toString(reinterpretAsFloat64(substring(v, 2))),
                                            ['nan', 'inf', '-inf'], ['"NaN"', '"Infinity"', '"-Infinity"']),
                                        startsWith(v, '\x10'), if(endsWith(v, '\0'), 'false', 'true'),
                                        startsWith(v, '\x3a'), concat('"', base64Encode(substring(v, 3 + (length(v) > 129))), '"'),
                                        'null'),
                                    elements), ','), ']')),
                            [arrayMap(short -> if(arraySum(x -> length(x), short) = length(p), arrayMap(x -> substring(x, 3), short),
                                    -- an element of 128 bytes or more is among them
                                    arrayMap(starts -> if(starts[-1] != length(p) + 1, [], arrayMap((first, next) -> substring(p,
                                                first + if(next - first > 129, 3, 2), next - first - if(next - first > 129, 3, 2)),
                                            arrayPopBack(starts), arrayPopFront(starts))),
                                        [arrayFold((starts, i) -> if(starts[-1] > length(p), starts, arrayPushBack(starts, toUInt64(
                                                starts[-1] + 2 + bitAnd(reinterpretAsUInt16(substring(p, starts[-1] + 1, 2)), 127)
                                                + if(bitTest(reinterpretAsUInt16(substring(p, starts[-1] + 1, 2)), 7), 1 + bitShiftRight(
                                                    bitAnd(reinterpretAsUInt16(substring(p, starts[-1] + 1, 2)), 0x7F00), 1), 0)))),
                                            range(if(length(p) > 16384, 0, toUInt64(2 * sqrt(length(p))))), [toUInt64(1)])])[1]),
                                -- each a tag, a length below 128 and as many bytes: a pattern that counts down, ready-made
                                [extractAll(p, '\\n(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:\\x7f\\C|\\x7e)\\C|\\x7d)\\C|\\x7c)\\C|\\x7b)\\C|\\x7a)\\C|\\x79)\\C|\\x78)\\C|\\x77)\\C|\\x76)\\C|\\x75)\\C|\\x74)\\C|\\x73)\\C|\\x72)\\C|\\x71)\\C|\\x70)\\C|\\x6f)\\C|\\x6e)\\C|\\x6d)\\C|\\x6c)\\C|\\x6b)\\C|\\x6a)\\C|\\x69)\\C|\\x68)\\C|\\x67)\\C|\\x66)\\C|\\x65)\\C|\\x64)\\C|\\x63)\\C|\\x62)\\C|\\x61)\\C|\\x60)\\C|\\x5f)\\C|\\x5e)\\C|\\x5d)\\C|\\x5c)\\C|\\x5b)\\C|\\x5a)\\C|\\x59)\\C|\\x58)\\C|\\x57)\\C|\\x56)\\C|\\x55)\\C|\\x54)\\C|\\x53)\\C|\\x52)\\C|\\x51)\\C|\\x50)\\C|\\x4f)\\C|\\x4e)\\C|\\x4d)\\C|\\x4c)\\C|\\x4b)\\C|\\x4a)\\C|\\x49)\\C|\\x48)\\C|\\x47)\\C|\\x46)\\C|\\x45)\\C|\\x44)\\C|\\x43)\\C|\\x42)\\C|\\x41)\\C|\\x40)\\C|\\x3f)\\C|\\x3e)\\C|\\x3d)\\C|\\x3c)\\C|\\x3b)\\C|\\x3a)\\C|\\x39)\\C|\\x38)\\C|\\x37)\\C|\\x36)\\C|\\x35)\\C|\\x34)\\C|\\x33)\\C|\\x32)\\C|\\x31)\\C|\\x30)\\C|\\x2f)\\C|\\x2e)\\C|\\x2d)\\C|\\x2c)\\C|\\x2b)\\C|\\x2a)\\C|\\x29)\\C|\\x28)\\C|\\x27)\\C|\\x26)\\C|\\x25)\\C|\\x24)\\C|\\x23)\\C|\\x22)\\C|\\x21)\\C|\\x20)\\C|\\x1f)\\C|\\x1e)\\C|\\x1d)\\C|\\x1c)\\C|\\x1b)\\C|\\x1a)\\C|\\x19)\\C|\\x18)\\C|\\x17)\\C|\\x16)\\C|\\x15)\\C|\\x14)\\C|\\x13)\\C|\\x12)\\C|\\x11)\\C|\\x10)\\C|\\x0f)\\C|\\x0e)\\C|\\x0d)\\C|\\x0c)\\C|\\x0b)\\C|\\x0a)\\C|\\x09)\\C|\\x08)\\C|\\x07)\\C|\\x06)\\C|\\x05)\\C|\\x04)\\C|\\x03)\\C|\\x02)\\C|\\x01)\\C|\\x00)')])[1]])[1],
                            [substring(v, 3 + (length(v) > 129) + (length(v) > 16387) + (length(v) > 2097156))])[1],
                        startsWith(v, '\x3a'), base64Encode(
                            substring(v, 3 + (length(v) > 129) + (length(v) > 16387) + (length(v) > 2097156))),
                        ''),
                    arrayConcat(resource_values, mapValues(part.scope.attributes))) AS texts
            FROM
            (
                SELECT
                    accepted_ns,
                    mapKeys(whole.resource.attributes) AS resource_keys,
                    mapValues(whole.resource.attributes) AS resource_values,
                    arrayJoin(whole.scope_metrics) AS part
                FROM
                (
                    SELECT
                        if(length(record_headers[1]) = 38, reinterpretAsUInt64(substring(record_headers[1], 7, 8)),
                            toUnixTimestamp64Nano(now64(9))) AS accepted_ns,
                        arrayJoin(resource_metrics) AS whole
                    FROM otlp_metrics
                )
            )
        )
    )
);

CREATE MATERIALIZED VIEW IF NOT EXISTS metric_points_from_otlp TO metric_points AS
SELECT
    name, description, unit,
    raw_kind AS kind,
    if(raw_temporality <= 2, raw_temporality, 0) AS temporality,
    monotonic,
    fromUnixTimestamp64Nano(toInt64(if(time_ok, time_ns, accepted_ns)), 'UTC') AS time,
    if(start_ok, fromUnixTimestamp64Nano(toInt64(if(start_ok, start_ns, 0)), 'UTC'), NULL) AS start_time,
    -- an integer is exact here up to 2^53, and in value_int always
    coalesce(as_double, toFloat64(as_int)) AS value,
    as_int AS value_int,
    count, sum, min, max, bucket_counts, explicit_bounds,
    accurateCastOrNull(raw_scale, 'Int32') AS scale,
    zero_count, zero_threshold,
    accurateCastOrNull(raw_positive_offset, 'Int32') AS positive_offset,
    positive_counts,
    accurateCastOrNull(raw_negative_offset, 'Int32') AS negative_offset,
    negative_counts,
    quantiles,
    bitTest(flags, 0) AS no_recorded_value,
    -- the same for all points of one time series, in whatever order its attributes are sent
    sipHash64(name, unit, raw_kind, resource, scope, scope_version, scope_json,
        mapSort(mapFromArrays(keys, point_texts))) AS series,
    service, scope, scope_version, scope_json, environment, region,
    multiIf(tenant_id != '', tenant_id, customer_id != '', customer_id, resource_tenant) AS tenant,
    mapFromArrays(
        if(problem_bits = 0, keys, arrayConcat(keys, ['spanledger.raw.time_unix_nano',
            'spanledger.raw.start_time_unix_nano', 'spanledger.raw.temporality', 'spanledger.raw.scale',
            'spanledger.raw.positive_offset', 'spanledger.raw.negative_offset'])),
        if(problem_bits = 0, point_texts, arrayConcat(point_texts, [toString(time_ns),
            toString(start_ns), toString(raw_temporality), ifNull(toString(raw_scale), ''),
            ifNull(toString(raw_positive_offset), ''), ifNull(toString(raw_negative_offset), '')]))) AS attributes,
    resource,
    if(empty(exemplar_times), '', toJSONString(arrayMap((time, trace, span, value, attributes, last) -> CAST((
            fromUnixTimestamp64Nano(toInt64(least(time, 9000000000000000000)), 'UTC'), lower(hex(trace)),
            lower(hex(span)), value,
            mapFromArrays(mapKeys(attributes), arraySlice(texts,
                length(keys) + last - length(attributes) + 1, length(attributes)))),
            'Tuple(time DateTime64(9, \'UTC\'), trace_id String, span_id String, value Nullable(Float64),
                attributes Map(LowCardinality(String), String))'),
        exemplar_times, exemplar_traces, exemplar_spans, exemplar_values, exemplar_attributes,
        arrayCumSum(x -> length(x), exemplar_attributes)))) AS exemplars_json,
    toUInt16((1 - time_ok)
        + (start_ns != 0 AND start_ok = 0) * 2
        + (raw_temporality > 2) * 4
        + (raw_scale IS NOT NULL AND scale IS NULL) * 8
        + (raw_positive_offset IS NOT NULL AND positive_offset IS NULL) * 16
        + (raw_negative_offset IS NOT NULL AND negative_offset IS NULL) * 32
        + has(keys, 'spanledger.problem') * 64) AS problem_bits,
    now64(3, 'UTC') AS ingested_at
FROM
(
    SELECT
        *,
        arraySlice(texts, 1, length(keys)) AS point_texts,
        texts[indexOf(keys, 'tenant.id')] AS tenant_id,
        texts[indexOf(keys, 'customer.id')] AS customer_id,
        time_ns BETWEEN accepted_ns - 315360000000000000 AND accepted_ns + 86400000000000 AS time_ok,
        start_ns BETWEEN 1 AND time_ns AND time_ok AND time_ns - start_ns < 3153600000000000000 AS start_ok
    FROM
    (
        -- the texts of the attributes, then of the exemplars'
        SELECT
            *,
            arrayMap(v -> multiIf(
                    -- a string, behind its tag and a length of 1 to 4 bytes
                    startsWith(v, '\n'), substring(v, 3 + (length(v) > 129) + (length(v) > 16387) + (length(v) > 2097156)),
                    -- an integer: seven bits a byte
                    startsWith(v, '\x18'), toString(toInt64(arraySum((b, i) -> bitShiftLeft(toUInt64(bitAnd(b, 0x7F)), 7 * i),
                        reinterpret(substring(v, 2), 'Array(UInt8)'), range(length(v) - 1)))),
                    startsWith(v, '\x21'), toString(reinterpretAsFloat64(substring(v, 2))),
                    startsWith(v, '\x10'), if(endsWith(v, '\0'), 'false', 'true'),
                    -- an array with one short string, by far the most frequent
                    startsWith(v, '\x2a') AND startsWith(substring(v, 5, 1), '\n')
                        AND reinterpretAsUInt8(substring(v, 6, 1)) = length(v) - 6, concat('[', toJSONString(substring(v, 7)), ']'),
                    -- any other array, by its elements; each is a tag, a length of 1 or 2 bytes and a scalar AnyValue
                    startsWith(v, '\x2a'), arrayMap(p -> arrayMap(elements -> if(empty(elements) AND p != '', base64Encode(p),
                            concat('[', arrayStringConcat(arrayMap(v -> multiIf(
                                    startsWith(v, '\n'), toJSONString(substring(v, 3 + (length(v) > 129))),
                                    startsWith(v, '\x18'), toString(toInt64(arraySum((b, i) -> bitShiftLeft(toUInt64(bitAnd(b, 0x7F)), 7 * i),
                                        reinterpret(substring(v, 2), 'Array(UInt8)'), range(length(v) - 1)))),
                                    startsWith(v, '\x21'), transform(toString(reinterpretAsFloat64(substring(v, 2))),
                                        ['nan', 'inf', '-inf'], ['"NaN"', '"Infinity"', '"-Infinity"']),
                                    startsWith(v, '\x10'), if(endsWith(v, '\0'), 'false', 'true'),
                                    startsWith(v, '\x3a'), concat('"', base64Encode(substring(v, 3 + (length(v) > 129))), '"'),
                                    'null'),
                                elements), ','), ']')),
                        [arrayMap(short -> if(arraySum(x -> length(x), short) = length(p), arrayMap(x -> substring(x, 3), short),
                                -- an element of 128 bytes or more is among them
                                arrayMap(starts -> if(starts[-1] != length(p) + 1, [], arrayMap((first, next) -> substring(p,
                                            first + if(next - first > 129, 3, 2), next - first - if(next - first > 129, 3, 2)),
                                        arrayPopBack(starts), arrayPopFront(starts))),
                                    [arrayFold((starts, i) -> if(starts[-1] > length(p), starts, arrayPushBack(starts, toUInt64(
                                            starts[-1] + 2 + bitAnd(reinterpretAsUInt16(substring(p, starts[-1] + 1, 2)), 127)
                                            + if(bitTest(reinterpretAsUInt16(substring(p, starts[-1] + 1, 2)), 7), 1 + bitShiftRight(
                                                bitAnd(reinterpretAsUInt16(substring(p, starts[-1] + 1, 2)), 0x7F00), 1), 0)))),
                                        range(if(length(p) > 16384, 0, toUInt64(2 * sqrt(length(p))))), [toUInt64(1)])])[1]),
                            -- each a tag, a length below 128 and as many bytes: a pattern that counts down, ready-made
                            [extractAll(p, '\\n(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:(?:\\x7f\\C|\\x7e)\\C|\\x7d)\\C|\\x7c)\\C|\\x7b)\\C|\\x7a)\\C|\\x79)\\C|\\x78)\\C|\\x77)\\C|\\x76)\\C|\\x75)\\C|\\x74)\\C|\\x73)\\C|\\x72)\\C|\\x71)\\C|\\x70)\\C|\\x6f)\\C|\\x6e)\\C|\\x6d)\\C|\\x6c)\\C|\\x6b)\\C|\\x6a)\\C|\\x69)\\C|\\x68)\\C|\\x67)\\C|\\x66)\\C|\\x65)\\C|\\x64)\\C|\\x63)\\C|\\x62)\\C|\\x61)\\C|\\x60)\\C|\\x5f)\\C|\\x5e)\\C|\\x5d)\\C|\\x5c)\\C|\\x5b)\\C|\\x5a)\\C|\\x59)\\C|\\x58)\\C|\\x57)\\C|\\x56)\\C|\\x55)\\C|\\x54)\\C|\\x53)\\C|\\x52)\\C|\\x51)\\C|\\x50)\\C|\\x4f)\\C|\\x4e)\\C|\\x4d)\\C|\\x4c)\\C|\\x4b)\\C|\\x4a)\\C|\\x49)\\C|\\x48)\\C|\\x47)\\C|\\x46)\\C|\\x45)\\C|\\x44)\\C|\\x43)\\C|\\x42)\\C|\\x41)\\C|\\x40)\\C|\\x3f)\\C|\\x3e)\\C|\\x3d)\\C|\\x3c)\\C|\\x3b)\\C|\\x3a)\\C|\\x39)\\C|\\x38)\\C|\\x37)\\C|\\x36)\\C|\\x35)\\C|\\x34)\\C|\\x33)\\C|\\x32)\\C|\\x31)\\C|\\x30)\\C|\\x2f)\\C|\\x2e)\\C|\\x2d)\\C|\\x2c)\\C|\\x2b)\\C|\\x2a)\\C|\\x29)\\C|\\x28)\\C|\\x27)\\C|\\x26)\\C|\\x25)\\C|\\x24)\\C|\\x23)\\C|\\x22)\\C|\\x21)\\C|\\x20)\\C|\\x1f)\\C|\\x1e)\\C|\\x1d)\\C|\\x1c)\\C|\\x1b)\\C|\\x1a)\\C|\\x19)\\C|\\x18)\\C|\\x17)\\C|\\x16)\\C|\\x15)\\C|\\x14)\\C|\\x13)\\C|\\x12)\\C|\\x11)\\C|\\x10)\\C|\\x0f)\\C|\\x0e)\\C|\\x0d)\\C|\\x0c)\\C|\\x0b)\\C|\\x0a)\\C|\\x09)\\C|\\x08)\\C|\\x07)\\C|\\x06)\\C|\\x05)\\C|\\x04)\\C|\\x03)\\C|\\x02)\\C|\\x01)\\C|\\x00)')])[1]])[1],
                        [substring(v, 3 + (length(v) > 129) + (length(v) > 16387) + (length(v) > 2097156))])[1],
                    startsWith(v, '\x3a'), base64Encode(
                        substring(v, 3 + (length(v) > 129) + (length(v) > 16387) + (length(v) > 2097156))),
                    ''),
                arrayConcat(encoded, arrayFlatten(arrayMap(x -> mapValues(x), exemplar_attributes)))) AS texts
        FROM otlp_metric_points
    )
);
