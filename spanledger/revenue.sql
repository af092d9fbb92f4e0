SELECT
    tenant,
    plan,
    toString(argMax(monthly_price_usd, added_at)) AS monthly_price_usd,
    valid_from,
    argMax(tuple(valid_to), added_at).1 AS valid_to
FROM revenue
GROUP BY tenant, plan, valid_from
ORDER BY tenant, valid_from, plan
