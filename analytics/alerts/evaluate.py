"""One evaluation of one rule: one query, and what was seen of each of its alerts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from analytics.alerts.burning import BURN_WINDOWS, burn_rates, burning, worst
from analytics.alerts.life import Alert, Seen, Text
from analytics.alerts.rules import FindingsRule, Measured, SloRule, ThresholdRule
from spanledger import guard, sql
from spanledger.answers import Answer
from spanledger.engine import Engine
from spanledger.errors import QueryFailed
from spanledger.moments import as_parameter

FINDINGS = Path(__file__).with_name("findings.sql")
NEW_WITHIN = timedelta(hours=48)
"""A finding raises an alert when its window ended so recently: a run over last year wakes nobody."""
EVIDENCE = frozenset({"trace_ids", "cost_usd", "energy_kwh", "tenants_hit"})
"""Columns of a rule's query that are no labels."""
MOST_LABEL = 200
MOST_TITLE = 300
MOST_SUMMARY = 1000
MOST_TRACES = 3
NAMES = re.compile(r"\{(\w+)\}")
CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
AnyRule = FindingsRule | ThresholdRule | SloRule
Known = Mapping[str, Alert]


@dataclass(frozen=True)
class Sighting:
    """What was seen of one alert."""

    rule: str
    labels: Mapping[str, str]
    seen: Seen

    @property
    def alert_id(self) -> str:
        """The same for the same rule and labels."""
        return alert_id(self.rule, self.labels)


@dataclass
class Evaluation:
    """What one look at a rule gave, by alert."""

    seen: dict[str, Sighting] = field(default_factory=dict)
    problem: str = ""
    """Why the rule could not be evaluated, or ''."""


def alert_id(rule: str, labels: Mapping[str, str]) -> str:
    """16 hex digits."""
    text = "\x1f".join((rule, *(f"{name}\x1e{labels[name]}" for name in sorted(labels))))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def evaluate(engine: Engine, rule: AnyRule, known: Known, now: datetime) -> Evaluation:
    """Look once. `known` are the alerts of this rule that are not over. QueryFailed when the query is bad."""
    if isinstance(rule, FindingsRule):
        return _findings(engine, rule, known, now)
    found = _threshold(engine, rule, known, now) if isinstance(rule, ThresholdRule) else _slo(engine, rule, now)
    _add_missing(rule, known, found)
    return found


def clean(text: object, most: int = MOST_LABEL) -> str:
    """A text from outside on one line, with a bound."""
    line = CONTROL.sub(" ", str(text)).strip()
    return line if len(line) <= most else line[: most - 1] + "…"


def label(value: object) -> str:
    """A label's value from outside; of one that had to be changed, two that differ stay different."""
    text, cleaned = str(value), clean(value)
    if cleaned == text:
        return text
    return f"{cleaned[: MOST_LABEL - 10]}~{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:8]}"


def _findings(engine: Engine, rule: FindingsRule, known: Known, now: datetime) -> Evaluation:
    found = Evaluation()
    for row in engine.query(sql.read(FINDINGS)).records():
        if not rule.fits(row):
            continue
        subject = {clean(name): label(value) for name, value in row["subject"].items()}
        labels = {**rule.labels, **subject, "job": row["job"], "kind": row["kind"]}
        sighting = Sighting(rule.name, labels, Seen(True, _of_finding(row), row["severity"]))
        standing = known.get(sighting.alert_id)
        ended = datetime.fromisoformat(row["window_to"]).replace(tzinfo=now.tzinfo)
        if standing or (row["severity"] in rule.severity and now - ended <= NEW_WITHIN):
            found.seen[sighting.alert_id] = sighting
    return found


def _of_finding(row: Mapping[str, Any]) -> Text:
    return Text(
        title=clean(row["title"], MOST_TITLE), summary=clean(row["summary"], MOST_SUMMARY), value=row["effect"],
        finding_id=row["finding_id"], cost_usd=row["cost_usd"], energy_kwh=row["energy_kwh"],
        tenants_hit=row["tenants_hit"], trace_ids=tuple(row["trace_ids"][:MOST_TRACES]), query=row["query"],
    )  # fmt: skip


def _threshold(engine: Engine, rule: ThresholdRule, known: Known, now: datetime) -> Evaluation:
    found = Evaluation()
    for row in _rows(engine, rule, now - rule.window, now, (rule.value,)):
        labels = _labels(rule, row, {rule.value})
        found_id = _new_id(rule, labels, found)
        value = row[rule.value]
        if value is None:
            continue
        standing = found_id in known and known[found_id].standing
        seen = Seen(rule.active(float(value), standing), _text(rule, labels, row, float(value)), rule.severity)
        found.seen[found_id] = Sighting(rule.name, labels, seen)
    return found


def _slo(engine: Engine, rule: SloRule, now: datetime) -> Evaluation:
    """Four windows, one query each, whatever the number of groups."""
    groups: dict[str, dict[timedelta, tuple[float, float]]] = {}
    labels_of: dict[str, dict[str, str]] = {}
    rows_of: dict[str, Mapping[str, Any]] = {}
    for window in BURN_WINDOWS:
        for row in _rows(engine, rule, now - window, now, ("bad", "total")):
            labels = _labels(rule, row, {"bad", "total"})
            found_id = alert_id(rule.name, labels)
            labels_of[found_id], rows_of[found_id] = labels, row
            groups.setdefault(found_id, {})[window] = (float(row["bad"] or 0), float(row["total"] or 0))
    found = Evaluation()
    for found_id, counts in groups.items():
        rates = burn_rates(counts, rule.objective, rule.min_total)
        text = _text(rule, labels_of[found_id], rows_of[found_id], worst(rates))
        found.seen[found_id] = Sighting(rule.name, labels_of[found_id], Seen(burning(rates), text, rule.severity))
    return found


def _add_missing(rule: Measured, known: Known, found: Evaluation) -> None:
    """Alerts of groups that gave no row, and the rule itself when there was no row at all."""
    nothing = not found.seen
    own = {**rule.labels, "no_data": "true"}
    own_id = alert_id(rule.name, own)
    for known_id, alert in known.items():
        if known_id not in found.seen and known_id != own_id:
            found.seen[known_id] = Sighting(rule.name, alert.labels, _missing(rule, nothing))
    if own_id in known or (nothing and rule.no_data == "alert"):
        found.seen[own_id] = Sighting(rule.name, own, Seen(nothing, _without_data(rule), rule.severity))


def _missing(rule: Measured, nothing: bool) -> Seen:
    if rule.no_data == "resolve":
        return Seen(False)
    if rule.no_data == "keep" or nothing:
        return Seen(None)
    return Seen(True, _without_data(rule), rule.severity)


def _without_data(rule: Measured) -> Text:
    return Text(
        title=f"{rule.name}: no data", summary="The query of this rule gave no row.", no_data=True, query=rule.query
    )


def _rows(
    engine: Engine, rule: Measured, since: datetime, until: datetime, needed: Iterable[str]
) -> list[dict[str, Any]]:
    """The answer to a rule's query, which passes the same guard as a query of the API."""
    given = {"from": as_parameter(since), "to": as_parameter(until)}
    wanted = {name: value for name, value in given.items() if re.search(rf"\{{\s*{name}\s*:", rule.query)}
    answer = engine.query_guarded(guard.check(engine, rule.query, wanted), wanted)
    _check_columns(answer, needed)
    return answer.records()


def _check_columns(answer: Answer, needed: Iterable[str]) -> None:
    kinds = dict(answer.columns)
    for name in needed:
        if name not in kinds:
            raise QueryFailed(f"The query has no column {name!r}.")
        if not re.fullmatch(r"(Nullable\()?(U?Int|Float|Decimal|BFloat).*", kinds[name]):
            raise QueryFailed(f"The column {name!r} is a {kinds[name]}, not a number.")


def _labels(rule: Measured, row: Mapping[str, Any], numbers: set[str]) -> dict[str, str]:
    return rule.labels | {clean(name): label(value) for name, value in row.items() if name not in numbers | EVIDENCE}


def _new_id(rule: Measured, labels: Mapping[str, str], found: Evaluation) -> str:
    found_id = alert_id(rule.name, labels)
    if found_id in found.seen:
        raise QueryFailed(f"Two rows of the query are of one group: {dict(labels)}.")
    return found_id


def _text(rule: Measured, labels: Mapping[str, str], row: Mapping[str, Any], value: float) -> Text:
    names = {**labels, "rule": rule.name, "value": f"{value:,.6g}"}
    plain = (
        f"{rule.name}: {', '.join(labels.values())} {names['value']}" if labels else f"{rule.name}: {names['value']}"
    )
    title = NAMES.sub(lambda match: names.get(match[1], match[0]), rule.title) if rule.title else plain
    return Text(
        title=clean(title, MOST_TITLE), summary=_compared(rule, value), value=value, cost_usd=row.get("cost_usd"),
        energy_kwh=row.get("energy_kwh"), tenants_hit=row.get("tenants_hit"),
        trace_ids=tuple(str(trace) for trace in (row.get("trace_ids") or ())[:MOST_TRACES]), query=rule.query,
    )  # fmt: skip


def _compared(rule: Measured, value: float) -> str:
    if isinstance(rule, ThresholdRule):
        side = "above" if rule.above is not None else "below"
        return f"{rule.value} is {value:,.6g}; the rule fires {side} {rule.bound:,.6g}."
    return f"The error budget burns {value:,.3g} times as fast as the objective allows."
