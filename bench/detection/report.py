"""The tables of the bench, and its figures beside what they are held to."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from rich.table import Table

from bench.detection.judgement import Detection, Judgement, share
from bench.figures import Figure

RECALL, CULPRIT, DOLLARS, PAGES = 0.95, 0.9, 0.10, 1.0
"""What is promised: recall, culprits named right, median error of dollars, false pages in 30 quiet days."""
COLUMNS = (
    "incidents", "recall", "loud enough", "hours to detect", "dated within h", "culprit", "$ error", "$ within 10 %"
)  # fmt: skip


def by_job(judgements: Sequence[Judgement]) -> Table:
    """A row a job."""
    table = _table("job", *COLUMNS, "precision", "false p/t", "windows")
    for job in sorted({job for judgement in judgements for job in judgement.windows}):
        found = [each for judgement in judgements for each in judgement.detections if each.label.job == job]
        true = sum(judgement.true.get(job, 0) for judgement in judgements)
        false = [each for judgement in judgements for each in judgement.false if each.job == job]
        pages = sum(each.severity == "page" for each in false)
        precision = true / (true + len(false)) if true or false else None
        windows = sum(judgement.windows.get(job, 0) for judgement in judgements)
        table.add_row(job, *_cells(found), _percent(precision), f"{pages}/{len(false) - pages}", f"{windows:,}")
    return table


def by_incident(judgements: Sequence[Judgement]) -> Table:
    """A row a kind of incident."""
    table = _table("incident", *COLUMNS)
    detections = [each for judgement in judgements for each in judgement.detections]
    for incident in sorted({each.label.incident for each in detections}):
        table.add_row(incident, *_cells([each for each in detections if each.label.incident == incident]))
    return table


def mistakes(judgements: Sequence[Judgement]) -> Table:
    """What was missed, what was made up and what failed, by seed."""
    table = _table("seed", "what", "which")
    for judgement in judgements:
        seed = str(judgement.seed)
        for each in judgement.detections:
            if each.hours is None:
                table.add_row(seed, "missed", f"{each.label.incident}: {each.label.story}")
            elif not each.culprit:
                table.add_row(seed, "culprit not named", each.label.story)
            elif not each.loud_enough:
                table.add_row(seed, "not loud enough", each.label.story)
        for false in judgement.false:
            table.add_row(seed, f"false {false.severity}", f"{false.job}/{false.kind} {false.subject}: {false.title}")
        for problem in judgement.problems:
            table.add_row(seed, "run", problem)
    return table


def figures(judgements: Sequence[Judgement]) -> list[Figure]:
    """All jobs together."""
    found = [each for judgement in judgements for each in judgement.detections]
    hits = [each for each in found if each.hours is not None]
    errors = [each.dollar_error for each in hits if each.dollar_error is not None]
    days = sum(judgement.quiet_days for judgement in judgements)
    pages = sum(each.severity == "page" for judgement in judgements for each in judgement.false if each.quiet)
    tickets = sum(each.severity == "ticket" for judgement in judgements for each in judgement.false if each.quiet)
    true = sum(sum(judgement.true.values()) for judgement in judgements)
    false = sum(len(judgement.false) for judgement in judgements)
    measured = [
        Figure(
            f"recall over {len(found)} incidents",
            share(each.hours is not None for each in found) or 0,
            "",
            least=RECALL,
        ),
        Figure("precision of pages and tickets", true / max(true + false, 1), ""),
        Figure("culprit named right", share(each.culprit for each in hits) or 0, "", least=CULPRIT),
        Figure("hours to detect, median", _median(each.hours for each in hits) or 0, "h"),
        Figure("error of the dollar figure, median", statistics.median(errors) if errors else 1, "", most=DOLLARS),
        Figure("dollar figures within 10 %", share(error <= DOLLARS for error in errors) or 0, ""),
    ]
    if days:
        measured += [
            Figure(f"false pages in 30 days, of {days:,.0f} quiet ones", pages * 30 / days, "", most=PAGES),
            Figure("false tickets in 30 days", tickets * 30 / days, ""),
        ]
    return measured


def _cells(found: Sequence[Detection]) -> list[str]:
    hits = [each for each in found if each.hours is not None]
    errors = [each.dollar_error for each in hits if each.dollar_error is not None]
    return [
        str(len(found)),
        _percent(share(each.hours is not None for each in found)),
        _percent(share(each.loud_enough for each in hits)),
        _number(_median(each.hours for each in hits), "{:.1f}"),
        _number(_median(each.dated for each in hits), "{:.1f}"),
        _percent(share(each.culprit for each in hits)),
        _percent(statistics.median(errors) if errors else None),
        _percent(share(error <= DOLLARS for error in errors)),
    ]


def _table(first: str, *columns: str) -> Table:
    table = Table(first, box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, justify="left" if column in ("what", "which") else "right")
    return table


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _percent(value: float | None) -> str:
    return _number(value, "{:.0%}")


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)
