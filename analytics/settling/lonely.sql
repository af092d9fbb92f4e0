-- A call without tokens that has but one call within is that call.
INSERT INTO settle_tops
SELECT nested.run, 1, nested.around_id, any(if(outermost.top = 0, nested.id, outermost.top))
FROM (SELECT * FROM settle_nested WHERE run = {run:UInt64} AND around_mute AND NOT mute) AS nested
LEFT ANY JOIN (SELECT id, top FROM settle_tops WHERE run = {run:UInt64} AND round = 0) AS outermost
    ON nested.id = outermost.id
GROUP BY nested.run, nested.around_id
HAVING uniqExact(if(outermost.top = 0, nested.id, outermost.top)) = 1
