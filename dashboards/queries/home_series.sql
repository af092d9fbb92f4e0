-- Billed calls by stretch of the range (`now` 1) and of the same time weeks before; `place` counts stretches.
SELECT
    toUInt8(hour >= {from:DateTime64(3)}) AS now,
    intDiv(dateDiff('second', if(now = 1, {from:DateTime64(3)}, {past_from:DateTime64(3)}), hour), {step:UInt32}) AS place,
    sum(calls) AS calls,
    sum(errors) AS errors,
    sum(unpriced_calls) AS unpriced_calls,
    sum(cost_usd) AS cost_usd,
    sum(energy_kwh) AS energy_kwh,
    sum(cached_input_tokens) AS cached_input_tokens,
    sum(cache_reported_input_tokens) AS cache_reported_input_tokens
FROM usage
WHERE (hour >= {from:DateTime64(3)} AND hour < {to:DateTime64(3)})
    OR (hour >= {past_from:DateTime64(3)} AND hour < {past_to:DateTime64(3)})
GROUP BY now, place
ORDER BY now, place
