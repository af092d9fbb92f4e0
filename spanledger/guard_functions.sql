-- Every function that the engine knows, with the category that decides about it. An alias is judged as what it stands for.
SELECT
    functions.name,
    if(target.name = '', functions.name, target.name) AS canonical,
    if(target.name = '', functions.categories, target.categories) AS category,
    functions.is_aggregate = 1 AS is_aggregate,
    functions.case_insensitive = 1 AS case_insensitive,
    functions.origin = 'System' AS built_in
FROM system.functions AS functions
LEFT JOIN system.functions AS target ON functions.alias_to = target.name AND functions.alias_to != ''
