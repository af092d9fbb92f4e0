"""Where findings are kept: observations as runs made them, and one row a finding that follows from them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from analytics.findings.evidence import as_json
from analytics.findings.life import Life, Observation, Pace, in_time, live
from analytics.findings.rules import Judged
from analytics.jobs.contract import Severity, Window
from spanledger import sql
from spanledger.engine import Engine
from spanledger.moments import as_parameter

MOST_TRACES = 20
"""Trace ids that a finding keeps."""
MOST_IDS = 500
"""Findings whose lives are worked out at a time."""
STATE_COLUMNS = (
    "finding_id", "job", "kind", "subject", "window_from", "window_to", "effect", "effect_unit", "p_value", "q_value",
    "n", "cost_usd", "energy_kwh", "tenants_hit", "title", "summary", "trace_ids", "query", "details",
)  # fmt: skip
"""What a finding takes over from its newest observation."""
HOUR = timedelta(hours=1)
MIDNIGHT_1970 = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH = as_parameter(MIDNIGHT_1970)


def finding_id(job: str, kind: str, subject: Mapping[str, str]) -> str:
    """The same problem keeps it from run to run: 16 hex digits of job, kind and subject."""
    identity = orjson.dumps([job, kind, sorted(subject.items())])
    return hashlib.sha256(identity).hexdigest()[:16]


def said(job: str, judged: Judged) -> dict[str, Any]:
    """What a run says of a problem, wherever it is written or shown."""
    candidate = judged.candidate
    return {
        "finding_id": finding_id(job, candidate.kind, candidate.subject),
        "job": job,
        "kind": candidate.kind,
        "subject": dict(candidate.subject),
        "effect": candidate.effect,
        "effect_unit": candidate.effect_unit,
        "p_value": candidate.p_value,
        "q_value": judged.q_value,
        "n": candidate.n,
        "cost_usd": candidate.cost_usd,
        "energy_kwh": candidate.energy_kwh,
        "tenants_hit": candidate.tenants_hit,
        "title": candidate.title,
        "summary": candidate.summary,
        "trace_ids": list(candidate.trace_ids)[:MOST_TRACES],
        "query": candidate.query,
    }


class FindingLedger:
    """The tables of findings of one job."""

    def __init__(self, engine: Engine, job: str, pace: Pace) -> None:
        self._engine = engine
        self._job = job
        self._pace = pace

    def observe(self, run_id: str, window: Window, passed: Sequence[Judged]) -> None:
        """Write what a run said. It counts once the run is in `job_runs`."""
        self._insert("finding_observations", [self._row(run_id, window, judged) for judged in passed])

    def refresh(self, window: Window) -> dict[str, Life]:
        """Work out the lives of all findings that a run of `window` can have changed, and write them; by finding."""
        version = int(self._rows("moment")[0][0])
        bounds = window.parameters()
        touched = [str(found) for (found,) in self._rows("touched", **bounds)]
        runs = sorted((Window(_ms(since), _ms(until)) for since, until in self._rows("runs")), key=in_time)
        lives: dict[str, Life] = {}
        for begin in range(0, len(touched), MOST_IDS):
            some = touched[begin : begin + MOST_IDS]
            found = self._lives(some, runs)
            self._write(found, set(some) - found.keys(), version)
            lives |= found
        return lives

    def _lives(self, ids: Sequence[str], runs: Sequence[Window]) -> dict[str, Life]:
        windows = {(window.since, window.until): window for window in runs}
        lives = {}
        for found, oldest, *said in self._rows("observations", ids=list(ids), history_hours=self._pace.history // HOUR):
            observations = [
                Observation(run, _one_of(windows, since, until), _ms(begin), _ms(end), Severity(severity), bool(lasts))
                for run, since, until, begin, end, severity, lasts in zip(*said, strict=True)
            ]
            if life := live(observations, runs, self._pace, _ms(oldest)):
                lives[str(found)] = life
        return lives

    def _write(self, lives: Mapping[str, Life], gone: Iterable[str], version: int) -> None:
        pairs = {(found, life.newest.run_id) for found, life in lives.items()}
        wanted = {"ids": [found for found, _ in pairs], "runs": sorted({run for _, run in pairs})}
        newest = self._engine.query(self._sql("newest"), {"job": self._job, **wanted}).records() if pairs else []
        rows = [
            {name: row[name] for name in STATE_COLUMNS} | _standing(lives[row["finding_id"]]) | {"version": version}
            for row in newest
            if (row["finding_id"], row["run_id"]) in pairs
        ]
        rows += [_gone(self._job, found) | {"version": version} for found in gone]
        self._insert("finding_states", rows)

    def _row(self, run_id: str, window: Window, judged: Judged) -> dict[str, Any]:
        candidate = judged.candidate
        hits, _ = candidate.persistence
        return {
            **said(self._job, judged),
            "run_id": run_id,
            "severity": judged.severity,
            "window_from": as_parameter(window.since),
            "window_to": as_parameter(window.until),
            "since": as_parameter(candidate.since),
            "until": as_parameter(candidate.until),
            "persistent": hits >= 2,
            "details": as_json(dict(candidate.details)),
        }

    def _insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            body = b"\n".join(orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY) for row in rows)
            self._engine.insert_raw(table, body, "JSONEachRow", {})

    def _rows(self, name: str, **values: Any) -> list[list[Any]]:
        return self._engine.rows(self._sql(name), {"job": self._job, **values})

    def _sql(self, name: str) -> str:
        return sql.read(Path(__file__).with_name(f"{name}.sql"))


def _standing(life: Life) -> dict[str, Any]:
    return {
        "severity": life.severity,
        "state": life.state,
        "first_seen": as_parameter(life.first_seen),
        "last_seen": as_parameter(life.last_seen),
        "resolved_at": as_parameter(life.resolved_at) if life.resolved_at else None,
        "gone": 0,
    }


def _gone(job: str, found: str) -> dict[str, Any]:
    """A finding that no run says any longer."""
    times = dict.fromkeys(("window_from", "window_to", "first_seen", "last_seen"), EPOCH)
    return {"finding_id": found, "job": job, "severity": "digest", "state": "resolved", "gone": 1, **times}


def _one_of(windows: Mapping[tuple[datetime, datetime], Window], since: int, until: int) -> Window:
    """A window of these; another process may have run one since they were read."""
    bounds = _ms(since), _ms(until)
    return windows.get(bounds) or Window(*bounds)


def _ms(milliseconds: int | str) -> datetime:
    return MIDNIGHT_1970 + timedelta(milliseconds=int(milliseconds))
