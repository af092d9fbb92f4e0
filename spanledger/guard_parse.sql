-- The engine's own reading of a statement from outside. `sql` is bound, so nothing in it can break out, and nothing
-- of it runs. `statement` is what will run: one statement, without comments. `tree` is the engine's syntax tree of
-- exactly that text, and `faithful` says that the tree tells all of it: written as SQL again it is the same text, but for
-- parentheses (those of `1 IN (f(x))` are not in the tree).
SELECT
    formatQuerySingleLine({sql:String}) AS statement,
    parseQueryToJSON(statement) AS tree,
    translate(formatQuerySingleLine(formatQueryFromJSON(tree)), '()', '') = translate(statement, '()', '') AS faithful,
    currentDatabase() AS database,
    (SELECT groupArray(name) FROM system.tables WHERE system.tables.database = currentDatabase()) AS tables
