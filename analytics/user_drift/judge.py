"""From sampled calls to verdicts: which families' users moved, which cannot be judged because we moved too. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from analytics.jobs.contract import Window
from analytics.user_drift.compare import Verdict, compare, lengths
from analytics.user_drift.families import SETTLED_DAYS, Family, families
from analytics.user_drift.shift import Shift
from analytics.user_drift.timing import wobble

SURE = 0.003
"""A family whose p is larger is not even proposed: some prompts are looked at every day."""
AGREES = 0.05
"""p of the same layer at the next longer or shorter length: an odd weekend shows at one of them only."""


@dataclass(frozen=True)
class Moved:
    """A family whose input moved."""

    verdict: Verdict
    shifts: Sequence[Shift]
    """The strongest of each layer that moved, the one to tell of first."""
    wobble: float | None
    """The effect of its first that a week of the reference shows by itself."""

    @property
    def main(self) -> Shift:
        """The shift to tell of."""
        return self.shifts[0]

    @property
    def p_value(self) -> float:
        """Of the main shift, times the tests of the family."""
        return min(1.0, self.main.p_value * len(self.verdict.shifts))


@dataclass(frozen=True)
class Confounded:
    """A family whose prompt or model changed too late for a comparison."""

    family: Family
    held_days: float
    needed_days: float


@dataclass
class Judgement:
    """All families."""

    moved: list[Moved] = field(default_factory=list)
    confounded: list[Confounded] = field(default_factory=list)
    tested: list[float] = field(default_factory=list)
    notes: dict[str, Mapping[str, object]] = field(default_factory=dict)
    """What is to say of each family."""


def judge(rows: pl.DataFrame, window: Window, *, fewest: int) -> Judgement:
    """Verdicts on all families of calls; `rows` as calls.sql gives them."""
    days = max(int(window.days + 1e-9), 1)
    rows = rows.with_columns(back=days_back(rows["at"], window))
    told = Judgement()
    for family in families(rows):
        name = f"{family.kind} {family.name}"
        span = int(family.rows["back"].max() or 0) + 1  # type: ignore[arg-type]
        history = span > days
        held, needed = family.held_days(min(days, SETTLED_DAYS)), _needed(days, span)
        if held < needed and len(family.rows) >= 2 * fewest:
            told.confounded.append(Confounded(family, held, needed))
            told.notes[name] = {"verdict": "confounded", "held_days": held, "needed_days": needed}
            continue
        tried = lengths(days, history, min(span, held))
        verdict = compare(family, tried, fewest=fewest, hours=window.days >= 1)
        _record(told, name, verdict)
    return told


def days_back(at: pl.Series, window: Window) -> pl.Series:
    """Whole days from a time to the window's end."""
    end = pl.lit(window.until).cast(pl.Datetime("us", "UTC"))
    return pl.select(((end - at - pl.duration(microseconds=1)).dt.total_days()).cast(pl.Int64)).to_series()


def _needed(days: int, span: int) -> float:
    """Days for which prompt and model must have been held: longer than a window of a week or less, with what came
    before as the reference; in a longer one a week on each side. Never more than there is."""
    return min(span, days + 1 if days <= SETTLED_DAYS else 2 * SETTLED_DAYS)


def _record(told: Judgement, name: str, verdict: Verdict | None) -> None:
    if verdict is None:
        told.notes[name] = {"verdict": "too few calls on one side"}
        return
    shifts, found = _significant(verdict)
    moved = Moved(verdict, shifts, found) if shifts else None
    told.tested.append(moved.p_value if moved else verdict.p_value)
    if moved:
        told.moved.append(moved)
    told.notes[name] = {
        "verdict": "moved" if moved else "held",
        "p_value": told.tested[-1],
        "tests": len(verdict.shifts),
        "layers": sorted({shift.layer for shift in verdict.shifts}),
        "permuted": verdict.unit,
        "compared_share": round(verdict.compared, 3),
        "text_varies": verdict.family.text_varies,
    }


def _significant(verdict: Verdict) -> tuple[list[Shift], float | None]:
    """The strongest shift of each layer that is large, sure, and more than the reference does by itself; and how much
    that is for the first of them."""
    kept: dict[str, tuple[Shift, float | None]] = {}
    for shift in verdict.shifts:
        sure = shift.p_value * len(verdict.shifts) <= (AGREES if kept else SURE)
        if shift.layer in kept or not shift.moved or not sure or not _lasts(shift, verdict.shifts):
            continue
        own = wobble(verdict.family, shift)
        if own is None or shift.effect > own:
            kept[shift.layer] = shift, own
    if not kept:
        return [], None
    return [shift for shift, _ in kept.values()], next(iter(kept.values()))[1]


def _lasts(shift: Shift, among: Sequence[Shift]) -> bool:
    """True when the layer's test at the next length, longer or shorter, agrees, or there is no other."""
    others = sorted({one.sides.days: one for one in among if one.layer == shift.layer}.items())
    place = [days for days, _ in others].index(shift.sides.days)
    near = [one for _, one in others[max(place - 1, 0) : place + 2] if one is not shift]
    return not near or min(one.p_value for one in near) <= AGREES
