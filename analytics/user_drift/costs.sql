-- What a call cost before and since, and how many there were since then within the window.
SELECT
    sumIf(calls, hour < {since:DateTime64(3)}) AS calls_before,
    sumIf(calls, hour >= {since:DateTime64(3)}) AS calls_since,
    sumIf(calls, hour >= greatest({since:DateTime64(3)}, {window_from:DateTime64(3)})) AS calls_in_window,
    sumIf(cost_usd, hour < {since:DateTime64(3)}) AS cost_before,
    sumIf(cost_usd, hour >= {since:DateTime64(3)}) AS cost_since
FROM usage_parts
WHERE hour >= {from:DateTime64(3)} AND hour < {to:DateTime64(3)} AND purpose IN ('', 'production')
    AND prompt_name = {prompt:String} AND ({prompt:String} != '' OR feature = {feature:String})
