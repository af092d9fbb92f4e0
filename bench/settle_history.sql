-- Older spans, which were settled long ago; a hundred a second.
INSERT INTO spans (trace_id, span_id, started_at, ingested_at, duration_ns, operation, usage_role, tenant)
SELECT
    lower(hex(sipHash128('old', intDiv(number, 8)))),
    lower(hex(sipHash64('old', number))),
    {start:DateTime64(9, 'UTC')} + toIntervalMillisecond(toInt64(number * 10)) AS begin,
    toDateTime64(begin, 3, 'UTC') + INTERVAL 2 SECOND,
    1000000,
    'chat', 'leaf',
    toString(number % 100)
FROM numbers({first:UInt64}, {count:UInt64})
