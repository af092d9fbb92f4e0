-- Of the messages at the end of requests: which read like a program's complaint about an answer's form, which are a tool's.
SELECT DISTINCT
    lower(hex(hash)) AS message,
    role = 'tool' AS from_tool,
    multiMatchAny(lower(text), ['validat', 'not valid', 'valid json', 'invalid', 'malformed', 'schema', 'pars(e|ing)',
        'json ?decode', 'field required', 'required (field|property)', '(fix|correct) the error',
        'unexpected (token|format)', '(did|does) not match', 'try again']) AS complaint
FROM messages
WHERE hash IN (SELECT toFixedString(unhex(arrayJoin({hashes:Array(String)})), 16))
    AND day >= toDate({from:DateTime64(3)}) AND day <= toDate({to:DateTime64(3)})
