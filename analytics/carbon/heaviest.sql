-- Settled traces of one feature or model that emitted most.
SELECT trace_id
FROM settled_traces FINAL
WHERE anchor >= toDateTime({from:DateTime64(3)}, 'UTC') AND anchor < {to:DateTime64(3)} + INTERVAL 1 HOUR
    AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND ({dimension:String} != 'feature' OR feature = {value:String})
    AND ({dimension:String} != 'model' OR has(models, {value:String}))
ORDER BY co2e_g DESC NULLS LAST, trace_id
LIMIT 20
