"""The rules in force: of the file, read again when it changes, and of the API; and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analytics.alerts.evaluate import AnyRule
from analytics.alerts.life import Policy
from analytics.alerts.rules import DEFAULT, Maintenance, RuleSet, ThresholdRule, parse_file, parse_rule
from spanledger.errors import BadRequest

FILE = "rules file"
"""What a problem of the file itself is listed under."""


@dataclass(frozen=True)
class Rules:
    """What is in force."""

    rules: Mapping[str, AnyRule]
    maintenance: Sequence[Maintenance] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    """By rule, why it is not, or not wholly, in force."""


class Rulebook:
    """Reads rules. A file that has become bad leaves those that were in force, and is a problem."""

    def __init__(self, path: str, channels: Collection[str]) -> None:
        self._path = Path(path) if path else None
        self._channels = channels
        self._last = DEFAULT
        self._seen: tuple[int, int] | None = None
        self._problem = ""

    def current(self, own: Sequence[tuple[str, Mapping[str, Any]]]) -> Rules:
        """Those of the file with `own`, which are of the API; of two with one name that of the file counts."""
        self._read()
        rules: dict[str, AnyRule] = {}
        problems = {FILE: self._problem} if self._path else {}
        for name, given in own:
            try:
                rules[name] = parse_rule(given)
            except BadRequest as error:
                problems[name] = str(error)
        rules |= {rule.name: rule for rule in self._last.rule}
        for rule in rules.values():
            if unknown := sorted({*rule.channels, *rule.escalate_to} - set(self._channels)):
                problems[rule.name] = f"It names the channel {unknown[0]!r}, which the settings lack."
        return Rules(rules, self._last.maintenance, problems)

    def policy(self, rule: AnyRule | None, every: Collection[str] | None = None) -> Policy:
        """What a rule says of the life of its alerts; channels that are not there are left out, and none means all."""
        there = tuple(self._channels if every is None else every)
        if rule is None:
            return Policy(there)
        named = tuple(name for name in rule.channels if name in there)
        return Policy(
            named or there,
            rule.for_ if isinstance(rule, ThresholdRule) else Policy.hold,
            rule.renotify,
            rule.escalate_after,
            tuple(name for name in rule.escalate_to if name in there),
        )

    def _read(self) -> None:
        if self._path is None:
            return
        try:
            state = self._path.stat()
            seen = (state.st_mtime_ns, state.st_size)
            if seen == self._seen:
                return
            self._last, self._problem, self._seen = self._parsed(), "", seen
        except OSError as error:
            self._problem, self._seen = f"The file can't be read: {error.strerror}.", None
        except (BadRequest, UnicodeDecodeError) as error:
            self._problem, self._seen = str(error), seen

    def _parsed(self) -> RuleSet:
        assert self._path  # noqa: S101
        return parse_file(self._path.read_text(encoding="utf-8"))
