-- What came next within the same caller.
INSERT INTO settle_edges
SELECT
    {run:UInt64}, trace_hash, 'transition', before.2, before.3, after.2, after.3,
    count(), sum(after.4), sum(after.5), sumKahan(after.6)
FROM
(
    SELECT
        trace_hash,
        arraySort(x -> x.1, groupArray(
            (place, operation, node, error, end_ns - start_ns, if(billable, cost_usd, NULL)))) AS steps
    FROM
    (
        SELECT trace_hash, id, place, operation, node, error, start_ns, end_ns, billable, cost_usd FROM settle_spans
        WHERE run = {run:UInt64} AND operation != 'other' AND usage_role != 'duplicate'
    ) AS step
    INNER JOIN
    (
        SELECT id, near FROM settle_links WHERE run = {run:UInt64} AND round = {round:UInt8}
    ) AS link ON step.id = link.id
    GROUP BY trace_hash, near
    HAVING length(steps) > 1
)
ARRAY JOIN arrayPopBack(steps) AS before, arrayPopFront(steps) AS after
GROUP BY trace_hash, before.2, before.3, after.2, after.3
