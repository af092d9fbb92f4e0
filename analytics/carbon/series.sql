-- Emissions of calls by feature and model, in parts of so many hours, before and in the window, and a week before it.
SELECT
    if(has({features:Array(String)}, sums.feature), toString(sums.feature), {others:String}) AS feature,
    if(has({models:Array(String)}, sums.model), toString(sums.model), {others:String}) AS model,
    toInt32(floor(dateDiff('hour', toDateTime({from:DateTime64(3)}, 'UTC'), hour) / {hours:UInt32})) AS part,
    sum(sums.calls) AS calls, sum(sums.input_tokens) AS input_tokens, sum(sums.cached_input_tokens) AS cached_tokens,
    sum(sums.output_tokens) AS output_tokens, sumKahan(sums.energy_kwh) AS kwh, sumKahan(sums.energy_kwh_low) AS kwh_low,
    sumKahan(sums.energy_kwh_high) AS kwh_high, sumKahan(sums.co2e_g) AS co2e_g
FROM usage_parts AS sums
WHERE (hour >= toDateTime({since:DateTime64(3)}, 'UTC') AND hour < {to:DateTime64(3)})
    OR (hour >= toDateTime({week_from:DateTime64(3)}, 'UTC') AND hour < {week_to:DateTime64(3)})
GROUP BY feature, model, part
ORDER BY feature, model, part
