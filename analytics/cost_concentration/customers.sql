-- One row a customer, and one without a name for the calls that name none. Own purposes (evaluation and the like) are summed
-- apart. `peak_hour` is the hour of the largest sum of one model and prompt on the dearest day.
SELECT
    tenant,
    sum(daily.calls) AS calls,
    sum(daily.unpriced_calls) AS unpriced_calls,
    sumKahan(daily.cost_usd) AS cost_usd,
    sum(daily.own_calls) AS own_calls,
    sumKahan(daily.own_usd) AS own_usd,
    sumKahan(daily.recent_usd) AS recent_usd,
    sum(daily.recent_calls) AS recent_calls,
    sumKahan(daily.earlier_usd) AS earlier_usd,
    sum(daily.earlier_calls) AS earlier_calls,
    max(daily.late_usd) AS peak_day_usd,
    quantileExactIf(0.5)(daily.cost_usd, daily.cost_usd IS NOT NULL) AS median_day_usd,
    argMax(daily.peak_hour, ifNull(daily.late_usd, 0)) AS peak_hour
FROM
(
    SELECT
        tenant,
        day,
        sumIf(flagged.calls, inside AND theirs) AS calls,
        sumIf(flagged.unpriced_calls, inside AND theirs) AS unpriced_calls,
        sumKahanIf(flagged.cost_usd, inside AND theirs) AS cost_usd,
        sumIf(flagged.calls, inside AND NOT theirs) AS own_calls,
        sumKahanIf(flagged.cost_usd, inside AND NOT theirs) AS own_usd,
        sumKahanIf(flagged.cost_usd, recent AND theirs) AS recent_usd,
        sumIf(flagged.calls, recent AND theirs) AS recent_calls,
        sumKahanIf(flagged.cost_usd, earlier AND theirs) AS earlier_usd,
        sumIf(flagged.calls, earlier AND theirs) AS earlier_calls,
        sumKahanIf(flagged.cost_usd, late AND theirs) AS late_usd,
        argMaxIf(hour, ifNull(flagged.cost_usd, 0), late AND theirs) AS peak_hour
    FROM
    (
        SELECT
            tenant,
            hour,
            toStartOfDay(hour) AS day,
            hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')} AS inside,
            hour >= {recent_from:DateTime('UTC')} AND hour < {to:DateTime('UTC')} AS recent,
            hour >= {earlier_from:DateTime('UTC')} AND hour < {earlier_to:DateTime('UTC')} AS earlier,
            hour >= {late_from:DateTime('UTC')} AND hour < {to:DateTime('UTC')} AS late,
            purpose NOT IN {own:Array(String)} AS theirs,
            calls, unpriced_calls, cost_usd
        FROM usage_parts
        WHERE (hour >= {late_from:DateTime('UTC')} AND hour < {to:DateTime('UTC')})
            OR (hour >= {earlier_from:DateTime('UTC')} AND hour < {earlier_to:DateTime('UTC')})
    ) AS flagged
    GROUP BY tenant, day
) AS daily
GROUP BY tenant
ORDER BY tenant
