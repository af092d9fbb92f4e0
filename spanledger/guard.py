"""Decides whether a statement from outside may run: one SELECT, over our tables, with functions that only compute.

The engine's parser reads the statement, so there is no second grammar to fool; `guard_parse.sql` says how. What it
returns as JSON is walked with allow-lists: kinds of nodes, tables, table functions, functions. What is not known is
refused, so a function that a new engine brings is refused until it is listed here. Read-only mode and the limits of
`Engine.query_guarded` stand behind this as a second wall.
"""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from spanledger import sql as sql_files
from spanledger.access.filters import HIDDEN, READABLE
from spanledger.access.scope import lifted, of_request
from spanledger.engine import Engine
from spanledger.errors import QueryFailed, QueryRefused

PARSE = Path(__file__).with_name("guard_parse.sql")
FUNCTIONS = Path(__file__).with_name("guard_functions.sql")

UNKNOWN_FUNCTION, UNKNOWN_TABLE, BAD_ARGUMENTS, NO_SUCH_PARAMETER = 46, 60, 36, 456
"""Error codes of ClickHouse that we read or give."""

NODES = frozenset(
    {
        "SelectWithUnionQuery", "SelectIntersectExceptQuery", "SelectQuery", "Subquery", "WithElement",
        "ExpressionList", "Identifier", "Literal", "Function", "QueryParameter",
        "Asterisk", "QualifiedAsterisk", "ColumnsRegexpMatcher", "ColumnsListMatcher",
        "QualifiedColumnsRegexpMatcher", "QualifiedColumnsListMatcher", "ColumnsTransformerList",
        "ColumnsApplyTransformer", "ColumnsExceptTransformer", "ColumnsReplaceTransformer",
        "ColumnsReplaceTransformerReplacement",
        "TablesInSelectQuery", "TablesInSelectQueryElement", "TableExpression", "TableIdentifier", "TableJoin",
        "ArrayJoin", "SampleRatio", "OrderByElement", "InterpolateElement", "WindowListElement", "WindowDefinition",
    }
)  # fmt: skip
"""Kinds of nodes that a SELECT is made of. `SetQuery` (SETTINGS) is left out on purpose."""

PLAIN_NODES = frozenset(
    {
        "SelectWithUnionQuery", "SelectQuery", "ExpressionList", "Asterisk", "Identifier", "Literal", "QueryParameter",
        "Function", "TablesInSelectQuery", "TablesInSelectQueryElement", "TableExpression", "TableIdentifier",
        "OrderByElement",
    }
)  # fmt: skip
PLAIN_FUNCTIONS = frozenset(
    {"equals", "notEquals", "less", "lessOrEquals", "greater", "greaterOrEquals", "in", "notIn", "and", "or", "not"}
)
"""What a statement that only reads is made of: columns, tables and comparisons."""

TABLE_FUNCTIONS = frozenset(
    {"numbers", "numbers_mt", "generateSeries", "generate_series", "values", "SQLStandardValues", "view"}
)
"""Table functions that make rows out of nothing. All others reach files, networks, processes or other databases."""

SYSTEM_TABLES = frozenset({"one", "numbers", "numbers_mt", "zeros", "zeros_mt", "columns", "functions"})
"""Tables of `system` that tell nothing but the schema. `system.tables` tells paths on the disk, so it is not here."""

CATEGORIES = frozenset(
    {
        "Aggregate Functions", "Arithmetic", "Arrays", "Bit", "Bitmap", "Comparison", "Conditional",
        "Dates and Times", "Distance", "Encoding", "Financial", "Hash", "IP Address", "JSON", "Logical", "Map",
        "Mathematical", "Null", "Random Number", "Rounding", "String", "String Replacement", "String Search",
        "String Splitting", "Time Window", "Tuple", "Type Conversion", "URL", "UUID",
    }
)  # fmt: skip
"""Categories of functions (`system.functions.categories`) whose members compute from their arguments.

Left out: AI (network), Dictionary and Embedded Dictionary (their sources may be remote), Introspection and Internal
(the inside of the process), Other (files, sleeping, names of hosts and users; what is harmless of it is in
`FUNCTIONS_BESIDE`), Machine Learning, Geo, Encryption, QBit, NumericIndexedVector, Time Series (native code that
queries about spans do not need).
"""

FUNCTIONS_BESIDE = frozenset(
    {
        # the parser writes these itself
        "lambda", "exists", "grouping", "untuple", "caseWithExpression",
        # of Other
        "bar", "byteSize", "countDigits", "currentDatabase", "dynamicElement", "formatReadableDecimalSize",
        "formatReadableQuantity", "formatReadableSize", "formatReadableTimeDelta", "getSubcolumn", "identity",
        "ignore", "isConstant", "isDecimalOverflow", "materialize", "minSampleSizeContinuous",
        "minSampleSizeConversion", "normalizedQueryHash", "normalizeQuery", "parseReadableSize",
        "parseReadableSizeOrNull", "parseReadableSizeOrZero", "parseTimeDelta", "rowNumberInAllBlocks",
        "rowNumberInBlock", "runningDifference", "throwIf", "toColumnTypeName", "toTypeName", "transform",
        "variantElement", "variantType", "version", "visibleWidth",
        # of Time Series
        "seriesDecomposeSTL", "seriesOutliersDetectTukey",
    }
)  # fmt: skip
"""Functions allowed although their category is not."""

FUNCTIONS_REFUSED = frozenset({"aggThrow", "flameGraph", "formatRow", "formatRowNoNewline"})
"""Functions refused although their category is allowed: they raise, read stacks, or open the formats' own files."""

COMBINATORS = (
    "SimpleState", "OrDefault", "Distinct", "Resample", "ForEach", "ArgMax", "ArgMin", "OrNull", "Tuple", "Merge",
    "State", "Array", "Map", "If",
)  # fmt: skip
"""Endings that make another aggregate function of one, e.g. `sumIf`."""

IN_FAMILY = frozenset(
    prefix + name + ignore
    for prefix in ("", "global")
    for name in ("in", "notin", "nullin", "notnullin")
    for ignore in ("", "ignoreset")
)
"""Operators whose right side may be the name of a table, in lower case."""

CASTS = frozenset({"cast", "_cast", "accuratecast", "accuratecastornull", "accuratecastordefault", "reinterpret"})
"""Functions whose second argument is the name of a type, in lower case."""

FORGED_STATE = "aggregatefunction"
"""A type that would hand bytes of the caller to the engine as the inside of an aggregation."""

REMEMBERED_SECONDS = 5.0
"""A table that is new or gone is noticed after this long at most."""
MOST_REMEMBERED = 10_000
"""Characters of a statement whose reading is remembered."""

PLAIN_NAME = re.compile(r"\w+", re.ASCII)

Node = dict[str, Any]


def check(engine: Engine, sql: str, parameters: Mapping[str, object] | None = None) -> str:
    """The statement to run instead of `sql`, which means the same; QueryRefused says what is not allowed in it.

    QueryFailed: it can't be parsed, reads a table that isn't there, or `parameters` don't fit it.
    """
    statement, tree, database, tables = _read(engine, sql)
    if tree.get("type") != "SelectWithUnionQuery":
        raise _only_select()
    for clause, name in (("out_file", "INTO OUTFILE"), ("format_ast", "FORMAT"), ("compression", "COMPRESSION")):
        if clause in tree:
            raise QueryRefused(f"{name} is not allowed: the answer is always the JSON that the API documents.")
    nodes = list(_nodes(tree))
    _check_parameters(nodes, parameters or {})
    scope = of_request()
    named = frozenset(tables) & READABLE if scope else frozenset(tables) - HIDDEN
    inspection = _Inspection(_functions(engine), database, named, _names_of_ctes(nodes), bool(scope))
    for place, node in nodes:
        inspection.look(place, node)
    return statement


def only_reads(engine: Engine, sql: str) -> bool:
    """True when each row of the answer is a row of a table: `SELECT * FROM spans WHERE trace_id = …` and the like.

    The engine's own count of an answer's rows holds for those. It does not see what an arrayJoin over constants makes.
    """
    return len(sql) <= MOST_REMEMBERED and all(_is_plain(place, node) for place, node in _nodes(_read(engine, sql)[1]))


def _is_plain(place: str, node: Node) -> bool:
    kind = node["type"]
    if kind == "Function":
        return place != "table_function" and node["name"] in PLAIN_FUNCTIONS
    return kind in PLAIN_NODES and "with_fill" not in node


def _read(engine: Engine, sql: str) -> tuple[str, Node, str, list[str]]:
    if len(sql) > MOST_REMEMBERED:
        return _parsed(engine, sql)
    return _remembered(engine, sql, int(time.monotonic() / REMEMBERED_SECONDS))


@lru_cache(maxsize=128)
def _remembered(engine: Engine, sql: str, _epoch: int) -> tuple[str, Node, str, list[str]]:
    """A page asks the same question with other parameters again and again; reading it takes the engine 3 ms."""
    return _parsed(engine, sql)


def _parsed(engine: Engine, sql: str) -> tuple[str, Node, str, list[str]]:
    try:
        answer = engine.query_guarded(sql_files.read(PARSE), {"sql": sql})
    except QueryFailed as error:
        if error.code == BAD_ARGUMENTS:
            raise _only_select() from error
        if error.code == UNKNOWN_FUNCTION:
            raise QueryRefused("The query endpoint needs ClickHouse 26.8 or later, which can check queries.") from error
        raise QueryFailed(_without_our_part(str(error)), error.code) from error
    statement, tree, faithful, database, tables = answer.rows[0]
    if not faithful:
        raise QueryRefused("The engine does not read this statement twice in the same way; write it more simply.")
    return statement, orjson.loads(tree), database, tables


def _only_select() -> QueryRefused:
    return QueryRefused(
        "Only one SELECT is allowed (WITH, UNION and subqueries included). "
        "For the columns of a table: SELECT name, type FROM system.columns WHERE table = 'spans'."
    )


def _without_our_part(message: str) -> str:
    """The parser's message without the statement of ours in which it was raised."""
    return re.sub(r": In scope SELECT\s+formatQuerySingleLine.*", "", message, flags=re.DOTALL)


def _nodes(node: object, place: str = "") -> Iterator[tuple[str, Node]]:
    """Each node with the key that it stands under, outermost first. Values of literals are data, not nodes."""
    if isinstance(node, list):
        for child in node:
            yield from _nodes(child, place)
    elif isinstance(node, dict):
        if "type" in node:
            yield place, node
        if node.get("type") != "Literal":
            for key, child in node.items():
                yield from _nodes(child, key)


def _names_of_ctes(nodes: list[tuple[str, Node]]) -> frozenset[str]:
    return frozenset(node["name"] for _, node in nodes if node["type"] == "WithElement")


def _check_parameters(nodes: list[tuple[str, Node]], parameters: Mapping[str, object]) -> None:
    """Bound exactly: a parameter that the statement lacks could make the driver bind by text instead."""
    wanted = {node["name"]: node["param_type"] for _, node in nodes if node["type"] == "QueryParameter"}
    for name, kind in wanted.items():
        if kind.strip().lower() == "identifier":
            raise QueryRefused(f"The parameter {{{name}:{kind}}} is not allowed: parameters are values, not names.")
        if FORGED_STATE in kind.lower():
            raise QueryRefused(f"The parameter {{{name}:{kind}}} is not allowed: it is a state of an aggregation.")
        if not PLAIN_NAME.fullmatch(name):
            raise QueryRefused(f"The parameter name {name!r} is not allowed: letters, digits and _ are.")
    for name in sorted(wanted.keys() - parameters.keys()):
        raise QueryFailed(f"The parameter {{{name}:{wanted[name]}}} has no value in `parameters`.", NO_SUCH_PARAMETER)
    for name in sorted(parameters.keys() - wanted.keys()):
        raise QueryFailed(
            f"The parameter {name!r} is not in the statement; write {{{name}:String}} where it belongs.",
            NO_SUCH_PARAMETER,
        )


@dataclass(frozen=True)
class _Functions:
    """The engine's functions. `exact` and `folded` (case-insensitive names) give the canonical name of one."""

    exact: Mapping[str, str]
    folded: Mapping[str, str]
    aggregates: frozenset[str]
    allowed: frozenset[str]

    def canonical(self, name: str) -> str | None:
        """The function that `name` stands for, combinators taken off, or None where there is none."""
        found = self.exact.get(name) or self.folded.get(name.lower())
        base = name
        while found is None and (ending := next((c for c in COMBINATORS if base.endswith(c)), None)):
            base = base.removesuffix(ending)
            found = self.exact.get(base) or self.folded.get(base.lower())
            found = found if found in self.aggregates else None
        return found


@lru_cache(maxsize=1)
def _functions(engine: Engine) -> _Functions:
    """Read once an engine. One that is created later is not known, and so refused."""
    with lifted():
        rows = engine.rows(sql_files.read(FUNCTIONS))
    own = [row for row in rows if row[5]]
    exact = {name: canonical for name, canonical, *_ in own}
    listed = {canonical for _, canonical, category, *_ in own if category in CATEGORIES}
    return _Functions(
        exact=exact | {name: name for name in FUNCTIONS_BESIDE if name not in exact},
        folded={name.lower(): canonical for name, canonical, _, _, insensitive, _ in own if insensitive},
        aggregates=frozenset(canonical for _, canonical, _, aggregate, *_ in own if aggregate),
        allowed=frozenset((listed | FUNCTIONS_BESIDE) - FUNCTIONS_REFUSED),
    )


@dataclass(frozen=True)
class _Inspection:
    """Looks at one node after another and refuses the first that is not allowed."""

    functions: _Functions
    database: str
    tables: frozenset[str]
    ctes: frozenset[str]
    scoped: bool
    """True when only rows of some tenants may be read."""

    def look(self, place: str, node: Node) -> None:
        """Raise QueryRefused (or QueryFailed, for a table that isn't there) when `node` may not be."""
        kind = node["type"]
        if kind == "SetQuery":
            raise QueryRefused("SETTINGS is not allowed: limits are set by the operator of this service.")
        if kind not in NODES:
            raise QueryRefused(f"{kind} is not allowed in a query; only what a plain SELECT is made of is.")
        if self.scoped and kind == "SelectQuery" and "prewhere" in node:
            raise QueryRefused("PREWHERE is not allowed with a key of some tenants; write WHERE.")
        if kind == "TableIdentifier":
            self._table(node)
        elif kind == "ColumnsApplyTransformer" and "func_name" in node:
            self._function(node["func_name"])
        elif kind == "Function" and place == "table_function":
            self._table_function(node)
        elif kind == "Function":
            self._function(node["name"])
            self._arguments(node)

    def _table(self, node: Node) -> None:
        parts = node.get("name_parts") or [node["name"]]
        match parts:
            case [name] if name in self.tables or name in self.ctes:
                return
            case [self.database, name] if name in self.tables:
                return
            case ["system", "columns"] if self.scoped:
                raise QueryRefused(
                    "system.columns is not allowed with a key of some tenants: it tells how much all have stored. "
                    "SELECT * FROM spans LIMIT 0 has the columns too."
                )
            case ["system", name] if name in SYSTEM_TABLES:
                return
            case [name] | [self.database, name]:
                near = difflib.get_close_matches(name, self.tables, n=1)
                hint = f" Did you mean {near[0]}?" if near else ""
                raise QueryFailed(f"There is no table {name!r}.{hint}", UNKNOWN_TABLE)
        raise QueryRefused(
            f"The table {'.'.join(parts)} is not allowed: only tables of the database "
            f"{self.database!r} are, and of system: {', '.join(sorted(SYSTEM_TABLES))}."
        )

    def _table_function(self, node: Node) -> None:
        if node["name"] not in TABLE_FUNCTIONS:
            raise QueryRefused(
                f"The table function {node['name']} is not allowed: it may reach files, networks or other databases. "
                f"Allowed are {', '.join(sorted(TABLE_FUNCTIONS))}."
            )
        if FORGED_STATE in _text(_argument(node, 0)).lower():
            raise QueryRefused("The structure of a table function may not hold states of aggregations.")

    def _function(self, name: str) -> None:
        canonical = self.functions.canonical(name)
        if canonical is None:
            raise QueryRefused(f"The function {name} is not allowed: the engine has none of that name of its own.")
        if canonical not in self.functions.allowed:
            raise QueryRefused(
                f"The function {name} is not allowed: only functions that compute from their arguments are."
            )

    def _arguments(self, node: Node) -> None:
        """An argument that is more than a value: the table on the right of IN, the type of a cast."""
        name = node["name"].lower()
        second = _argument(node, 1)
        if name in CASTS and (second.get("type") != "Literal" or FORGED_STATE in _text(second).lower()):
            raise QueryRefused(
                f"The type given to {node['name']} must be written out, and hold no state of an aggregation."
            )
        if name not in IN_FAMILY:
            return
        if second.get("type") == "Function" and second["name"].lower() == "format":  # the only name of both kinds
            raise QueryRefused("A table function on the right of IN is not allowed; write IN (SELECT …).")
        if second.get("type") == "Identifier":
            self._right_of_in(second)

    def _right_of_in(self, node: Node) -> None:
        """A bare name there is a column, a CTE or a table; a path of two is read as `database.table`."""
        parts = node.get("name_parts") or [node["name"]]
        if len(parts) > 1:
            self._table({"name": node["name"], "name_parts": parts})
        elif not PLAIN_NAME.fullmatch(parts[0]) and parts[0] not in self.tables | self.ctes:
            raise QueryRefused(f"The name {parts[0]!r} on the right of IN is not allowed; write has({parts[0]}, …).")


def _argument(node: Node, index: int) -> Node:
    """The argument at `index` of a function, or an empty node."""
    arguments: list[Node] = node.get("arguments", {}).get("children", [])
    return arguments[index] if index < len(arguments) else {}


def _text(node: Node) -> str:
    """The string of a literal, '' of anything else."""
    value = node.get("value", {})
    return str(value["value"]) if isinstance(value, dict) and value.get("field_type") == "String" else ""
