"""The mapping as fragments of SQL, for the templates in `schema/views`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, cached_property

from spanledger.mapping.model import load
from spanledger.mapping.numbers import RANKS, VARIANTS, Numbers
from spanledger.settings import Settings
from spanledger.sql import literal

OPERATIONS = ("other", "chat", "completion", "embeddings", "retrieval", "rerank", "tool", "agent", "workflow",
    "guardrail", "evaluator")  # fmt: skip
"""The column's Enum."""
SEMANTICS = ("unknown", "inclusive", "exclusive")
FLAGS = ("cached_over_input", "input_mended", "model_inferred", "usage_missing", "usage_estimated", "usage_from_rollup",
    "attributes_dropped", "output_excluded_reasoning", "provider_inferred")  # fmt: skip
"""Bits of `flag_bits` from the lowest, as the column `flags` names them."""


def strings(values: Iterable[str]) -> str:
    """An array of string literals."""
    return f"[{', '.join(literal(value) for value in values)}]"


def integers(values: Iterable[int], kind: str) -> str:
    """An array of numbers of a type."""
    return f"CAST([{', '.join(str(value) for value in values)}], 'Array({kind})')"


def _one_of(column: str, values: Mapping[str, str], default: str) -> str:
    return f"transform({column}, {strings(values)}, {strings(values.values())}, {default})"


def _first_match(text: str, patterns: Mapping[str, str]) -> str:
    """The name of the first pattern that a text matches, else ''."""
    return f"{strings(patterns)}[arrayFirstIndex(p -> match({text}, p), {strings(patterns.values())})]"


class Fragments:
    """What a template may ask for; each gives SQL. `texts` and the like are names of the query's own columns."""

    def __init__(self, numbers: Numbers, settings: Settings) -> None:
        self.numbers = numbers
        self.mapping = numbers.mapping
        self.settings = settings
        self.ranks = RANKS
        self.kinds_bound = VARIANTS

    @cached_property
    def columns(self) -> dict[str, int]:
        """Numbers of the columns."""
        return self.numbers.columns

    @cached_property
    def newest(self) -> int:
        """Ids up to this one are the newest names."""
        return len(self.columns)

    @cached_property
    def stored(self) -> int:
        """Attributes up to this id are stored as they came, in a column."""
        return sum(column.stored for column in self.mapping.columns.values())

    @cached_property
    def gen_ai_ids(self) -> str:
        """Ids of the newest names that only spans of language models have."""
        return ", ".join(
            str(number) for name, number in self.columns.items() if self.mapping.columns[name].key.startswith("gen_ai.")
        )

    def value(self, column: str) -> str:
        """The text of a column; '' where the span says nothing. Cheap where only other dialects have a name for it."""
        found = f"values[indexOf(slots, {self.columns[column]})]"
        return found if self.mapping.columns[column].key else f"if(foreign, {found}, '')"

    def chosen(self, setting: str) -> str:
        """The user's own attributes for a column, of span or resource, before the others, which `end` follows."""
        places = [
            place
            for name in getattr(self.settings, f"attributes_{setting}")
            for place in (f"texts[indexOf(keys, {literal(name)})]", f"JSONExtractString(whole.2, {literal(name)})")
        ]
        return "".join(f"if({place} != '', {place}, " for place in places)

    def end(self, setting: str) -> str:
        """The closing brackets of `chosen`."""
        return "))" * len(getattr(self.settings, f"attributes_{setting}"))

    def id_of_key(self, key: str) -> str:
        """The id of an attribute; 0 where it means nothing."""
        ids = self.numbers.ids
        whole = {key: number for key, number in ids.items() if "#" not in key}
        return f"transform({key}, {strings(whole)}, {integers(whole.values(), 'UInt16')}, toUInt16(0))"

    @cached_property
    def carrier_range(self) -> str:
        """Bounds of the ids of carriers, for BETWEEN."""
        ids = [self.numbers.ids[key] for key in self.numbers.carriers]
        first = len(self.columns) + 1
        return f"{first} AND {max(ids)}"

    @cached_property
    def paths(self) -> dict[str, int]:
        """What carriers hold, as `id of the carrier#path`, to its id."""
        ids = self.numbers.ids
        return {f"{ids[key.split('#')[0]]}#{key.split('#')[1]}": number for key, number in ids.items() if "#" in key}

    def id_of_path(self, path: str) -> str:
        """The id of what a carrier holds at a path; 0 where it means nothing."""
        return f"transform({path}, {strings(self.paths)}, {integers(self.paths.values(), 'UInt16')}, toUInt16(0))"

    @cached_property
    def inner_paths(self) -> str:
        """Paths of objects that hold something, as the members of an IN."""
        steps = {
            f"{path.split('#')[0]}#{'.'.join(path.split('#')[1].split('.')[:depth])}"
            for path in self.paths
            for depth in range(1, path.count(".") + 1)
        }
        return ", ".join(literal(step) for step in sorted(steps))

    @cached_property
    def kind_of_scope(self) -> str:
        """The number of the kind that a scope stands for; 0 where it stands for none."""
        known = {
            scope.removesuffix("$"): (scope.endswith("$"), kind.number)
            for kind in self.numbers.kinds
            for scope in kind.scopes
        }
        ordered = sorted(known, key=lambda name: (-len(name), name))
        pattern = "|".join(re.escape(name) + ("$" if known[name][0] else "") for name in ordered)
        numbers = [known[name][1] for name in ordered]
        return (
            f"transform(extract(scope, {literal(f'^({pattern})')}), {strings(ordered)},"
            f" {integers(numbers, 'UInt16')}, toUInt16(0))"
        )

    def kind(self, name: str) -> int:
        """The number of a kind."""
        return next(kind.number for kind in self.numbers.kinds if kind.name == name)

    def kinds_where(self, attribute: str) -> str:
        """Numbers of the kinds of dialects that have something set."""
        found = [str(kind.number) for kind in self.numbers.kinds if getattr(kind.dialect, attribute)]
        return ", ".join(found)

    def table(self, name: str, column: str, default: str, kind: str) -> str:
        """A table of numbers (`markers`, `refinements`, `own`, `anywhere`) looked up."""
        rows: dict[int, int] = getattr(self.numbers, name)
        return f"transform({column}, {integers(rows, 'UInt32')}, {integers(rows.values(), kind)}, {default})"

    def dialect_name(self, column: str) -> str:
        """The dialect's name of a kind's number."""
        names = {kind.number: kind.dialect.name for kind in self.numbers.kinds}
        names |= {kind.number: kind.name for kind in self.numbers.kinds if not kind.variant or kind.variant.generic}
        return f"{strings(['', *(names[number] for number in sorted(names))])}[{column} + 1]"

    @cached_property
    def first_token_events(self) -> str:
        """Names of the events that mark a first token."""
        return strings(name for dialect in self.mapping.dialects for name in dialect.first_token_events.names)

    def message_events(self, column: str) -> str:
        """Names of the events that carry messages of a column."""
        return strings(name for dialect in self.mapping.dialects for name in getattr(dialect.events, column))

    def family_of(self, key: str) -> str:
        """The column of the family that an attribute with an index belongs to, else 0. Looked for as text before a
        regular expression decides: the engine runs the former once for each key of its dictionary, the latter not."""
        families = self.numbers.families
        columns = [self.columns[column] for column in families.values()]
        first = f"multiSearchFirstIndex({key}, {strings(families)})"
        pattern = literal(rf"^({'|'.join(re.escape(prefix) for prefix in families)})\d+\.")
        return f"if({first} > 0 AND match({key}, {pattern}), {integers(columns, 'UInt16')}[{first}], toUInt16(0))"

    def operation(self, kind: str, value: str, word: str) -> str:
        """The operation's number, from a span name's first word or a value; null where neither says."""
        general = {
            value: OPERATIONS.index(name) for name, values in self.mapping.values.operations.items() for value in values
        }
        special: dict[str, int] = {}
        for item in self.numbers.kinds:
            special |= {f"{item.number}={key}": OPERATIONS.index(to) for key, to in item.dialect.operations.items()}
            special |= {f"{item.number}:{key}": OPERATIONS.index(to) for key, to in item.dialect.names.items()}
        of_name = f"transform(concat(toString({kind}), ':', {word}), {strings(special)}, {self._bytes(special)}, 255)"
        of_value = (
            f"transform(concat(toString({kind}), '=', lower({value})), {strings(special)}, {self._bytes(special)}, 255)"
        )
        in_general = f"transform(lower({value}), {strings(general)}, {self._bytes(general)}, toUInt8(255))"
        return (
            f"multiIf(foreign AND {of_name} != 255, {of_name}, foreign AND {of_value} != 255, {of_value}, {in_general})"
        )

    @staticmethod
    def _bytes(numbers: Mapping[str, int]) -> str:
        return integers(numbers.values(), "UInt8")

    @cached_property
    def calls(self) -> str:
        """Numbers of the operations that are calls of a provider."""
        return ", ".join(str(OPERATIONS.index(name)) for name in self.mapping.values.billed.calls)

    @cached_property
    def calls_when_priced(self) -> str:
        """Numbers of the operations that are, when their sender gave a price."""
        return ", ".join(str(OPERATIONS.index(name)) for name in self.mapping.values.billed.when_client_priced)

    @property
    def kwh(self) -> str:
        """Measured energy, as the elements of an array: the user's own attributes, kWh, joules."""
        own = f"{self.chosen('energy_kwh')}''{self.end('energy_kwh')}"
        chosen = f"toFloat64OrNull({own}), " if self.settings.attributes_energy_kwh else ""
        joules = f"toFloat64OrNull({self.value('energy_joules')}) / 3600000"
        return f"{chosen}toFloat64OrNull({self.value('energy_kwh')}), {joules}"

    def provider(self, text: str) -> str:
        """The canonical name of a provider, of its whole name or the part before the first dot."""
        names = {value: name for name, values in self.mapping.values.providers.items() for value in values}
        first = _one_of(f"substringIndex(lower({text}), '.', 1)", names, f"lower({text})")
        return _one_of(f"lower({text})", names, f"if(foreign AND position({text}, '.') > 0, {first}, lower({text}))")

    def provider_of_model(self, model: str) -> str:
        """The provider that a model's name gives away."""
        return _first_match(model, self.mapping.values.provider_of_model)

    def default_provider(self, kind: str) -> str:
        """The provider of dialects that never name one."""
        rows = {item.number: item.dialect.provider for item in self.numbers.kinds if item.dialect.provider}
        return f"transform({kind}, {integers(rows, 'UInt16')}, {strings(rows.values())}, '')"

    def duplicate(self, kind: str, word: str) -> str:
        """Whether a span repeats another one's call, by its name."""
        rows = [f"{item.number}:{name}" for item in self.numbers.kinds for name in item.dialect.duplicates.names]
        return f"concat(toString({kind}), ':', {word}) IN ({', '.join(literal(row) for row in rows)})"

    def finish_reason(self, text: str) -> str:
        """The canonical finish reason."""
        names = {value: name for name, values in self.mapping.values.finish_reasons.items() for value in values}
        return _one_of(f"lower({text})", names, text)

    def error_kind(self, text: str) -> str:
        """The kind of an error, from 'type, http status, message'."""
        return _first_match(text, self.mapping.values.error_kinds | {"other": ""})

    def region(self, server: str) -> str:
        """The region that an end point's name holds."""
        regions = self.mapping.values.regions
        found = "".join(
            f"match({server}, {literal(pattern)}), extract({server}, {literal(pattern)}), "
            for pattern in regions.patterns
        )
        return f"if(multiSearchAny({server}, {strings(regions.hints)}), multiIf({found}''), '')"

    def token_rule(self, kind: str, provider: str, key: str) -> str:
        """The number of the rule about tokens: of the attribute, else of kind and provider, else of the kind."""
        rules = self.numbers.token_rules
        keys = {self.numbers.ids[key]: rule.number for rule in rules for key in rule.keys}
        pairs = {f"{rule.kind}/{rule.provider}": rule.number for rule in rules if rule.provider not in ("", "*")}
        kinds = {rule.kind: rule.number for rule in rules if rule.provider == "*"}
        plain = f"transform({kind}, {integers(kinds, 'UInt16')}, {integers(kinds.values(), 'UInt8')}, toUInt8(0))"
        paired = (
            f"transform(concat(toString({kind}), '/', {provider}), {strings(pairs)}, {self._bytes(pairs)}, {plain})"
        )
        of_key = f"transform({key}, {integers(keys, 'UInt16')}, {integers(keys.values(), 'UInt8')}, {paired})"
        return f"if(foreign, {of_key}, {plain})"

    def rule_name(self, rule: str) -> str:
        """The name of a rule's number."""
        return f"{strings(['', *(item.name for item in self.numbers.token_rules)])}[{rule} + 1]"

    def rules_where(self, attribute: str, value: str) -> str:
        """Numbers of the rules with a value."""
        found = [str(rule.number) for rule in self.numbers.token_rules if getattr(rule, attribute) == value]
        return ", ".join(found)

    def flag(self, name: str) -> int:
        """The bit of a flag."""
        return 1 << FLAGS.index(name)


@cache
def numbers() -> Numbers:
    """The mapping of this version."""
    return Numbers(load())


def fragments(settings: Settings) -> Fragments:
    """The mapping of this version with the users' own names."""
    return Fragments(numbers(), settings)
