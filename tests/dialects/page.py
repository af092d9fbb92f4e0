"""The mapping as a page of docs (docs/dialects.md)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from spanledger.mapping.model import Dialect
from spanledger.mapping.numbers import Numbers, TokenRule

HEAD = Path(__file__).with_name("page_head.md")


def page(numbers: Numbers) -> str:
    """The whole page: how it works in words, then the rows of the data."""
    mapping = numbers.mapping
    parts = [HEAD.read_text(), "## Dialects\n", _dialects(mapping.dialects)]
    parts += ["\n## Token rules\n", _rules(numbers.token_rules)]
    parts += ["\n## Columns and the attributes that fill them\n", _columns(numbers)]
    parts += ["\n## Operations\n", _meanings(mapping.values.operations)]
    parts += ["\n## Providers\n", _meanings({name: names for name, names in mapping.values.providers.items() if name})]
    return "\n".join(parts) + "\n"


def _table(head: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)])


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _dialects(dialects: list[Dialect]) -> str:
    rows = []
    for dialect in dialects:
        scopes = [*dialect.scopes, *(scope for variant in dialect.variants for scope in variant.scopes)]
        shown = scopes if len(scopes) <= 6 else [*scopes[:5], f"… {len(scopes) - 5} more"]
        markers = [*dialect.markers, *(key for variant in dialect.variants for key in variant.markers)]
        rows.append((f"`{dialect.name}`", f"{dialect.title}. {dialect.about}", _code(shown), _code(markers)))
    return _table(("dialect", "what", "scopes ($: the whole name)", "else by these attributes"), rows)


def _rules(rules: list[TokenRule]) -> str:
    rows = []
    for rule in rules:
        when = _code(rule.keys) if rule.keys else "" if rule.provider in ("", "*") else f"provider `{rule.provider}`"
        rows.append((f"`{rule.name}`", when, rule.semantics, "left out" if rule.output == "exclusive" else "included"))
    return _table(("rule", "when", "input and cached tokens", "reasoning in output"), rows)


def _columns(numbers: Numbers) -> str:
    mapping = numbers.mapping
    rows = []
    for column in sorted(mapping.columns):
        anywhere: list[tuple[int, str]] = [(3, mapping.columns[column].key)] if mapping.columns[column].key else []
        own: list[str] = []
        for dialect in mapping.dialects:
            anywhere += [(dialect.precedence, key) for key in dialect.columns.get(column, [])]
            for name, table in [(dialect.name, dialect.own), *((item.name, item.own) for item in dialect.variants)]:
                if keys := table.get(column):
                    own.append(f"{name}: {_code(keys)}")
        rows.append(
            (f"`{column}`", _code(key for _, key in sorted(anywhere, key=lambda pair: pair[0])), "; ".join(own))
        )
    return _table(("column", "on any span, the first that has a value", "before these, on spans of one dialect"), rows)


def _meanings(table: dict[str, list[str]]) -> str:
    return _table(("value", "from"), ((f"`{name}`", _code(values)) for name, values in table.items()))
