-- Each span with its parent, if that is there; whether it is on its parent's critical path: going back from the
-- parent's end, the child that ended last, then from that one's start the one that ended last before it, and so on.
-- `limits` has where the path stands before the first child and after each.
INSERT INTO settle_links
SELECT
    {run:UInt64}, 0,
    child.3 AS id,
    up,
    if(up = 0, id, up),
    near, holder,
    up != 0,
    up = 0 OR limit_after < limit_before,
    if(up = 0, 0, -child.1 - child.2),
    parent_operation,
    child.4
FROM
(
    SELECT
        up,
        any(parent_near) AS near,
        any(parent_holder) AS holder,
        any(p_operation) AS parent_operation,
        arraySort(groupArray((-ends, begins, id, outside))) AS children,
        if(up = 0, arrayWithConstant(length(children) + 1, toInt64(0)), arrayFold(
            (limits, child) -> arrayPushBack(limits,
                if(-child.1 <= limits[-1] AND -child.1 > child.2, child.2, limits[-1])),
            children, [toInt64(9223372036854775807)])) AS limits
    FROM
    (
        SELECT
            c.id AS id,
            p.id AS up,
            p.operation AS p_operation,
            if(p.operation NOT IN ('', 'other') AND p.usage_role != 'duplicate', p.id, 0) AS parent_near,
            if(p.holds, p.id, 0) AS parent_holder,
            multiIf(p.id = 0, c.parent, p.scope != c.scope, p.id, 0) AS outside,
            toInt64(greatest(c.start_ns, p.start_ns)) AS begins,
            toInt64(least(c.end_ns, p.end_ns)) AS ends
        FROM (SELECT id, parent, scope, start_ns, end_ns FROM settle_spans WHERE run = {run:UInt64}) AS c
        LEFT ANY JOIN
        (
            SELECT id, scope, operation, usage_role, holds, start_ns, end_ns FROM settle_spans WHERE run = {run:UInt64}
        ) AS p ON c.parent = p.id
    )
    GROUP BY up, if(up = 0, id, 0)
)
ARRAY JOIN children AS child, arrayPopBack(limits) AS limit_before, arrayPopFront(limits) AS limit_after
