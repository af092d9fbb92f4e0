-- The outermost layer of each call; one without tokens is of the call next around it.
INSERT INTO settle_tops
SELECT run, 0, id, if(any(mute), argMin(around_id, level), argMax(around_id, level))
FROM settle_nested
WHERE run = {run:UInt64} AND (mute OR same_tokens)
GROUP BY run, id
