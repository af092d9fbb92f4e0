-- What customers pay: of rows for one tenant, plan and first day the one added last. `last_day` is included.
SELECT
    tenant,
    plan,
    valid_from AS first_day,
    argMax(ifNull(valid_to, toDate('2149-06-06')), added_at) AS last_day,
    toFloat64(argMax(monthly_price_usd, added_at)) AS monthly_price_usd
FROM revenue
GROUP BY tenant, plan, valid_from
ORDER BY tenant, plan, valid_from
