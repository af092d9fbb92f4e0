-- Who called whom, over spans that stand for nothing by themselves.
INSERT INTO settle_edges
SELECT
    {run:UInt64}, trace_hash, 'nesting', above.operation, above.node, below.operation, below.node,
    count(), sum(below.error), sum(below.end_ns - below.start_ns), sumKahan(if(below.billable, below.cost_usd, NULL))
FROM
(
    SELECT trace_hash, id, operation, node, error, start_ns, end_ns, billable, cost_usd FROM settle_spans
    WHERE run = {run:UInt64} AND operation != 'other' AND usage_role != 'duplicate'
) AS below
INNER JOIN
(
    SELECT id, near FROM settle_links WHERE run = {run:UInt64} AND round = {round:UInt8} AND near != 0
) AS link ON below.id = link.id
INNER JOIN (SELECT id, operation, node FROM settle_spans WHERE run = {run:UInt64}) AS above ON link.near = above.id
GROUP BY trace_hash, above.operation, above.node, below.operation, below.node
