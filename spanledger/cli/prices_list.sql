SELECT
    id,
    if(isNaN(input), NULL, round(input * 1000000, 9)) AS input_usd,
    if(isNaN(cached), NULL, round(cached * 1000000, 9)) AS cached_usd,
    if(isNaN(write), NULL, round(write * 1000000, 9)) AS write_usd,
    if(isNaN(write_1h), NULL, round(write_1h * 1000000, 9)) AS write_1h_usd,
    if(isNaN(output), NULL, round(output * 1000000, 9)) AS output_usd,
    valid_from,
    valid_to,
    note
FROM prices
WHERE positionCaseInsensitive(model_key, {model:String}) > 0
ORDER BY model_key, scope DESC, mode, valid_from, tier_from
