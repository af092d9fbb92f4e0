-- Messages of spans about to be deleted that no other span of their day refers to. The same text said by somebody else
-- stays. Of the others' hashes only those in question are looked at: a day may have very many.
ALTER TABLE messages DELETE WHERE
    (day, hash) IN (
        SELECT toDate(started_at), arrayJoin(arrayConcat([tools_hash, system_hash], message_hashes, output_hashes))
        FROM spans
        WHERE {column:Identifier} = {value:String})
    AND (day, hash) NOT IN (
        SELECT day, hash
        FROM
        (
            SELECT
                toDate(started_at) AS day,
                arrayJoin(arrayConcat([tools_hash, system_hash], message_hashes, output_hashes)) AS hash
            FROM spans
            WHERE {column:Identifier} != {value:String}
                AND toDate(started_at) IN (SELECT toDate(started_at) FROM spans WHERE {column:Identifier} = {value:String})
        )
        WHERE hash IN (
            SELECT arrayJoin(arrayConcat([tools_hash, system_hash], message_hashes, output_hashes))
            FROM spans
            WHERE {column:Identifier} = {value:String}))
