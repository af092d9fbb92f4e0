-- Billable calls by feature and by how their energy was worked out. A feature that the call does not name is its trace's.
SELECT
    if(spans.feature != '', spans.feature, settled.feature) AS value,
    toString(energy_factors) AS factors, toString(energy_source) AS source, toString(spans.grid) AS grid,
    count() AS calls,
    sumKahan(spans.energy_kwh) AS kwh, sumKahan(spans.energy_kwh_low) AS kwh_low, sumKahan(spans.energy_kwh_high) AS kwh_high,
    sumKahan(spans.co2e_g) AS co2e_g
FROM spans
LEFT ANY JOIN
(
    SELECT cityHash64(trace_id) AS trace_hash, feature
    FROM settled_traces FINAL
    -- the anchor is the start of the span that came first: the trace's own, or a little later
    WHERE anchor >= toDateTime({from:DateTime64(3)}, 'UTC') AND anchor < {to:DateTime64(3)} + INTERVAL 1 HOUR
        AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND task_id != ''
) AS settled ON cityHash64(spans.trace_id) = settled.trace_hash
WHERE billable AND spans.started_at >= {from:DateTime64(3)} AND spans.started_at < {to:DateTime64(3)}
GROUP BY value, factors, source, grid
