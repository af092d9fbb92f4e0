-- The last traces of a group.
SELECT *
FROM traces
WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    AND GROUP_KEY = {id:String} AND ({tenant:String} = '' OR tenant = {tenant:String})
ORDER BY started_at DESC, trace_id DESC
LIMIT {limit:UInt32}
