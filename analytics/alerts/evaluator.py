"""One evaluation of everything: rules, our own checks, silences; what has changed is written down before it is sent."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analytics.alerts import self_checks, storm
from analytics.alerts.emergency import RULE
from analytics.alerts.evaluate import AnyRule, Sighting, evaluate
from analytics.alerts.journal import Journal, Owed, Silence
from analytics.alerts.life import Alert, Change, Event, Policy, Seen, State, acknowledge, step
from analytics.alerts.matching import matches
from analytics.alerts.outlet import Health
from analytics.alerts.rulebook import Rulebook, Rules
from analytics.alerts.rules import FindingsRule
from analytics.alerts.self_checks import Probes
from spanledger.engine import Engine
from spanledger.errors import Permanent
from spanledger.moments import as_parameter
from spanledger.settings import Settings

logger = logging.getLogger(__name__)

RENOTIFY = timedelta(hours=4)
"""Of alerts about spanledger itself."""
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class RuleReport:
    """How one evaluation of a rule went."""

    problem: str
    groups: int
    seconds: float


class Evaluator:
    """Holds all alerts that are not history. One thread at a time."""

    def __init__(
        self, engine: Engine, settings: Settings, journal: Journal, rulebook: Rulebook, probes: Probes
    ) -> None:
        self._engine, self._settings, self._journal = engine, settings, journal
        self._rulebook, self._probes = rulebook, probes
        self._alerts: dict[str, Alert] = {}
        self._said: dict[str, tuple[str, int]] = {}
        self._paged: list[datetime] = []
        """When pages were sent within the last minute."""

    def load(self) -> None:
        """What the journal says."""
        self._alerts = self._journal.load()

    def standing(self) -> list[Alert]:
        """All that fire."""
        return [alert for alert in self._alerts.values() if alert.standing]

    def hear(self, now: datetime) -> list[Owed]:
        """Acknowledgements that somebody asked for become changes; what to send for them."""
        changes = []
        for ask in self._journal.asks():
            alert = self._alerts.get(ask.alert_id)
            if alert and alert.episode == ask.episode and (change := acknowledge(alert, ask.asked_by, ask.at)):
                changes.append(change)
        return self._keep(changes, now)

    def look(self, healths: Sequence[Health], now: datetime) -> list[Owed]:
        """Evaluate everything once; what to send for it."""
        rules = self._rulebook.current(self._journal.own_rules())
        known = self._known()
        sightings, reports = self._sightings(rules, known, now)
        problems = {name: report.problem for name, report in reports.items()} | dict(rules.problems)
        own = [
            *storm.standing(known),
            *self_checks.look(self._engine, self._settings, self._probes, known[RULE], now),
            *self_checks.of_channels(healths),
            *self_checks.of_rules(problems),
        ]
        sightings += own + self._gone(rules, known, {sighting.alert_id for sighting in own})
        silent = _Silent(self._journal.silences(now), rules, now)
        changes = [change for sighting in sightings if (change := self._stepped(sighting, rules, silent, now))]
        owed = self._keep(self._bounded(changes, rules, silent, now), now)
        self._write_reports(reports, problems, now)
        return owed

    def _bounded(self, changes: Sequence[Change], rules: Rules, silent: _Silent, now: datetime) -> list[Change]:
        """At most so many pages a minute; the others are told of in one."""
        self._paged = [time for time in self._paged if now - time < MINUTE]
        most = self._settings.alert_storm_pages
        told, folded = storm.fold(changes, most - len(self._paged) if most else len(changes), now)
        self._paged += [now] * sum(change.event is Event.TRIGGER for change in told)
        if folded:
            change = self._stepped(storm.sighting(folded, most, now), rules, silent, now)
            told += [*folded, *([change] if change else [])]
        return told

    def _known(self) -> defaultdict[str, dict[str, Alert]]:
        """Alerts that are not over, by rule."""
        known: defaultdict[str, dict[str, Alert]] = defaultdict(dict)
        for alert_id, alert in self._alerts.items():
            if alert.state is not State.RESOLVED:
                known[alert.rule][alert_id] = alert
        return known

    def _sightings(
        self, rules: Rules, known: Mapping[str, dict[str, Alert]], now: datetime
    ) -> tuple[list[Sighting], dict[str, RuleReport]]:
        sightings: list[Sighting] = []
        reports = {}
        for name, rule in rules.rules.items():
            begun = time.monotonic()
            try:
                seen = list(evaluate(self._engine, rule, known.get(name, {}), now).seen.values())
                problem = ""
            except Permanent as error:  # the query is bad, and will be in a minute: said, and what stands stays
                seen = [Sighting(name, alert.labels, Seen(None)) for alert in known.get(name, {}).values()]
                problem = str(error)[:1000]
            sightings += self._still(seen, known.get(name, {})) if isinstance(rule, FindingsRule) else seen
            reports[name] = RuleReport(problem, len(seen), time.monotonic() - begun)
        return sightings, reports

    @staticmethod
    def _still(seen: list[Sighting], known: Mapping[str, Alert]) -> list[Sighting]:
        """Findings that are not open any more."""
        there = {sighting.alert_id for sighting in seen}
        return seen + [
            Sighting(alert.rule, alert.labels, Seen(False)) for each, alert in known.items() if each not in there
        ]

    @staticmethod
    def _gone(rules: Rules, known: Mapping[str, dict[str, Alert]], own: set[str]) -> list[Sighting]:
        """Alerts whose rule, or check, is not there any more."""
        return [
            Sighting(name, alert.labels, Seen(False))
            for name, alerts in known.items()
            if name not in rules.rules and name not in rules.problems
            for each, alert in alerts.items()
            if each not in own
        ]

    def _stepped(self, sighting: Sighting, rules: Rules, silent: _Silent, now: datetime) -> Change | None:
        alert_id = sighting.alert_id
        alert = self._alerts.get(alert_id)
        if alert is None:
            if not sighting.seen.active:
                return None
            severity = sighting.seen.severity
            alert = Alert(alert_id, sighting.rule, sighting.labels, severity, State.RESOLVED, now)
        elif alert.state is State.RESOLVED and not sighting.seen.active:
            return None
        policy = self._policy(rules.rules.get(sighting.rule), alert)
        return step(alert, sighting.seen, policy, now, silent.by(alert))

    def _policy(self, rule: AnyRule | None, alert: Alert) -> Policy:
        if alert.rule != RULE:
            return self._rulebook.policy(rule)
        dead = alert.labels.get("channel", "")  # which can't be told that it is dead, unless it is the only one
        policy = self._rulebook.policy(None)
        others = tuple(name for name in policy.channels if name != dead)
        return Policy(others, renotify=RENOTIFY)

    def _keep(self, changes: Sequence[Change], now: datetime) -> list[Owed]:
        """Written down first; only then it is so, and may be sent."""
        if not changes:
            return []
        owed = self._journal.append(changes, now)
        self._alerts |= {change.alert.alert_id: change.alert for change in changes}
        return owed

    def _write_reports(self, reports: Mapping[str, RuleReport], problems: Mapping[str, str], now: datetime) -> None:
        """Of rules of which something else is to be said than last time."""
        rows: list[dict[str, Any]] = []
        for name in {*reports, *problems}:
            report, problem = reports.get(name, RuleReport("", 0, 0.0)), problems.get(name, "")
            said = (problem, report.groups)
            if self._said.get(name) != said:
                self._said[name] = said
                state = "error" if problem else "ok"
                rows.append({
                    "rule": name, "state": state, "message": problem, "groups": report.groups,
                    "seconds": report.seconds, "at": as_parameter(now),
                })  # fmt: skip
        self._journal.write_rule_states(rows)


class _Silent:
    """Silences and maintenance that are on: a name and matchers each."""

    def __init__(self, silences: Iterable[Silence], rules: Rules, now: datetime) -> None:
        self._on = [(silence.silence_id, silence.matchers) for silence in silences]
        self._on += [(window.name, window.matchers) for window in rules.maintenance if window.covers(now)]

    def by(self, alert: Alert) -> str:
        """The first that fits an alert, or ''."""
        if not self._on:
            return ""
        labels = {**alert.labels, "rule": alert.rule, "severity": alert.severity, "alert_id": alert.alert_id}
        return next((name for name, matchers in self._on if matches(matchers, labels)), "")
