"""The job: sample both sides, judge, look up what is needed to tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import polars as pl

from analytics.jobs.contract import Job, Kind, NotComputable, Report, Window
from analytics.jobs.source import Source
from analytics.user_drift.compare import MIN_JSD
from analytics.user_drift.evidence import gather
from analytics.user_drift.judge import Judgement, days_back, judge
from analytics.user_drift.layers import sketched
from analytics.user_drift.sampling import Sample, same_hours, sample
from analytics.user_drift.say import confounded, drift
from analytics.user_drift.timing import onset
from spanledger.settings import Settings

HERE = Path(__file__).parent
DAY = timedelta(days=1)
ROWS, ALL_ROWS = 2500, 40_000
"""Calls of a family, and of all, that are taken from each side."""


class UserDrift:
    """Did what users send move while prompt and model held?"""

    name = "user_drift"
    title = "Users moved while prompt and model held"
    kinds: tuple[Kind, ...] = (
        Kind("drift", "What users send has moved, while prompt, model and tools were held.", min_effect=MIN_JSD),
        Kind("confounded", "Prompt or model changed in the window, so nothing can be said of users.", min_n=0),
    )
    every = DAY
    length = 7 * DAY

    def run(self, source: Source, window: Window, settings: Settings) -> Report:
        """Compare the end of the window with what came before it."""
        samples = _samples(source, window, timedelta(days=settings.drift_reference_days))
        bounds = {"rows": ROWS, "all_rows": ALL_ROWS}
        sides = [source.frame(HERE / "calls.sql", {**one.parameters(), **bounds}) for one in samples]
        rows = pl.concat(sides).sort("at", "trace_id")
        _computable(window, sides[0], sides[1])
        told = judge(rows, window, fewest=settings.drift_min_calls)
        _judged(told, settings.drift_min_calls)
        candidates = [confounded(one, window) for one in told.confounded]
        for moved in told.moved:
            since = onset(moved.verdict.family, moved.main)
            evidence = gather(source, moved, samples, window, since)
            candidates.append(drift(moved, evidence, window, since, settings.drift_page_quality_drop))
        return Report(candidates, told.tested, _notes(told, rows, samples))


def _samples(source: Source, window: Window, reference: timedelta) -> tuple[Sample, Sample]:
    """What is read of the reference and of the window."""
    before = window.before(reference)
    counts = [_count(source, one) for one in (before, window)]
    if window.length < DAY:
        return same_hours(window, before, counts[0]), sample(window, counts[1])
    return sample(before, counts[0]), sample(window, counts[1])


def _count(source: Source, window: Window) -> int:
    return int(source.frame(HERE / "count.sql", window.parameters())["spans"][0])


def _computable(window: Window, before: pl.DataFrame, inside: pl.DataFrame) -> None:
    if inside.is_empty():
        raise NotComputable("No chat or completion call of production in the window.")
    if before.is_empty() and days_back(inside["at"], window).n_unique() < 2:
        raise NotComputable(
            f"Nothing to compare with: no calls before {window.since:%Y-%m-%d %H:%M} UTC, and those in the window "
            "are of less than two days."
        )


def _judged(told: Judgement, fewest: int) -> None:
    if not told.tested and not told.confounded:
        raise NotComputable(
            f"None of {len(told.notes)} prompts, features or services has {fewest} comparable calls on both sides."
        )


def _notes(told: Judgement, rows: pl.DataFrame, samples: tuple[Sample, Sample]) -> Mapping[str, object]:
    """What the run says of itself."""
    reported = {
        name: (rows[column] != "") for name, column in (("user", "user"), ("session", "session"), ("locale", "locale"))
    }
    reported["content"] = pl.Series(sketched(rows))
    reported["prompt_version"] = (rows["version"] != "") | (rows["hash"] != "")
    return {
        "families": told.notes,
        "calls_sampled": {
            "before": int((rows["at"] < samples[1].window.since).sum()),
            "window": int((rows["at"] >= samples[1].window.since).sum()),
        },
        "time_read": {"before": round(samples[0].share, 4), "window": round(samples[1].share, 4)},
        "reported": {name: round(float(given.mean() or 0.0), 4) for name, given in reported.items()},  # type: ignore[arg-type]
    }


JOB: Job = UserDrift()
