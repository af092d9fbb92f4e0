-- Twice as far up: what a span knows of its next 2^n ancestors, and what the last of them knows of its own.
INSERT INTO settle_links
SELECT
    {run:UInt64},
    {round:UInt8},
    a.id,
    b.up,
    if(a.up != 0, b.top, a.top),
    if(a.near != 0, a.near, b.near),
    if(a.holder != 0, a.holder, b.holder),
    toUInt32(a.depth + b.depth),
    a.critical AND (a.up = 0 OR b.critical),
    a.covered,
    a.parent_operation,
    if(a.outside != 0, a.outside, b.outside)
FROM (SELECT * FROM settle_links WHERE run = {run:UInt64} AND round = {round:UInt8} - 1) AS a
LEFT ANY JOIN
(
    SELECT id, up, top, near, holder, depth, critical, outside FROM settle_links
    WHERE run = {run:UInt64} AND round = {round:UInt8} - 1
) AS b ON a.up = b.id
