"""Which of the evaluations of some traces tells of quality, and which traces it calls good."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from analytics.user_drift.quality import GOOD, is_good

PASSING = 0.5
"""A score from 0 to 1 is good from here on: as settling takes it for a task's outcome."""
HARMS = ("toxic", "hallucinat", "bias", "harm", "risk", "violen", "jailbreak", "injection", "refus")
"""An evaluation whose name has one of these measures something bad: a low score is the good one."""


def goodness(scores: pl.DataFrame, before: Collection[str]) -> tuple[str, dict[str, bool]]:
    """The evaluation that speaks of most traces, and by trace whether it is good; ('', {}) when there is none.

    `scores` as scores.sql has it. A label decides where one of the evaluation's labels is a word for success; else the
    score. Scores beyond 0 to 1 are good when they are at least the median of the traces `before`.
    """
    if scores.is_empty():
        return "", {}
    counts = scores.group_by("name").len().sort(["len", "name"], descending=[True, False])
    name = str(counts["name"][0])
    rows = scores.filter(pl.col("name") == name)
    if any(label.strip().lower() in GOOD for label in rows["label"]):
        labelled = rows.filter(pl.col("label") != "")
        return name, {trace: is_good(label) for trace, label in labelled.select("trace_id", "label").iter_rows()}
    return name, _by_score(name, rows.filter(pl.col("score").is_not_null()), before)


def _by_score(name: str, rows: pl.DataFrame, before: Collection[str]) -> dict[str, bool]:
    line = PASSING
    if not rows["score"].is_between(0, 1).all():
        usual = rows.filter(pl.col("trace_id").is_in(list(before)))["score"].quantile(0.5, "lower")
        line = PASSING if usual is None else usual
    low_is_good = any(word in name.lower() for word in HARMS)
    good = pl.col("score") < line if low_is_good else pl.col("score") >= line
    return dict(rows.select("trace_id", good.alias("good")).iter_rows())
