-- Spans by time and size. A row of the map is a step of a logarithmic scale, the same whatever is asked; 0 and less have
-- none, and lie in row -10000. What is unknown is counted apart. One row a column of the map, so that the answer is short.
SELECT
    place,
    sum(spans) AS all_spans,
    sumIf(spans, level = -20000) AS unknown,
    groupArrayIf((level, spans, failed), level > -20000) AS cells
FROM
(
    SELECT
        toUInt32(intDiv(toUnixTimestamp64Milli(started_at) - {origin:Int64}, {step:Int64})) AS place,
        multiIf(isNull(if(billable, cost_usd, NULL)), -20000, if(billable, cost_usd, NULL) <= 0, -10000,
            toInt16(floor(log10(assumeNotNull(if(billable, cost_usd, NULL))) * {steps:UInt8}))) AS level,
        count() AS spans,
        countIf(status = 'error') AS failed
    FROM spans
    WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND (tenant = 'acme' AND (trace_id, span_id) IN (SELECT trace_id, parent_span_id FROM spans WHERE started_at >= {from:DateTime64(3)} - INTERVAL 1 HOUR AND started_at < {to:DateTime64(3)} + INTERVAL 1 HOUR AND tool_name = 'search'))
    GROUP BY place, level
)
GROUP BY place
ORDER BY place
