-- What was done since a moment, the last first; an empty text passes all.
SELECT at, actor, key_id, role, address, action, subject, status, details
FROM audit_log
WHERE at >= {since:DateTime64(3, 'UTC')}
    AND (actor = {actor:String} OR {actor:String} = '')
    AND (action = {action:String} OR {action:String} = '')
ORDER BY at DESC
LIMIT {limit:UInt32}
