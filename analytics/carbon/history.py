"""The hourly sums as series to compare, and as totals by model to explain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl

from analytics.carbon.causes import Totals
from analytics.carbon.parts import Part, Series
from analytics.carbon.rises import Rise
from analytics.statistics.mix_rate import split

COUNTED = ("calls", "input_tokens", "cached_tokens", "output_tokens", "kwh", "kwh_low", "kwh_high", "co2e_g")


def by_request(sums: pl.DataFrame, dimension: str, spread: Mapping[str, float]) -> list[Series]:
    """Grams per request of each value of `feature` or `model`; sums without any figure are left out.

    `spread` is the squared coefficient of variation of a call's grams by value, from the window's spans: the sums do
    not tell it. Values that it lacks are taken as exponential (1).
    """
    known = sums.filter(pl.col("co2e_g").is_not_null())
    parts = known.group_by(dimension, "part").agg(pl.col("calls").sum(), pl.col("co2e_g").sum())
    found = []
    for value, rows in _values(parts, dimension):
        variation = spread.get(value, 1.0)
        made = [
            Part(
                row["part"],
                row["calls"],
                row["co2e_g"],
                (1 + variation) * row["co2e_g"] ** 2 / row["calls"],
                row["co2e_g"],
            )
            for row in rows
        ]
        found.append(Series({dimension: value}, "request", merged(made)))
    return found


def by_resolved_task(traces: pl.DataFrame) -> list[Series]:
    """Grams per resolved task of each feature: all its traces' grams by those that ended well."""
    found = []
    for value, rows in _values(traces, "feature"):
        made = [
            Part(row["part"], row["resolved"], row["co2e_g"], row["co2e_g_squared"], row["co2e_g_resolved"] or 0.0)
            for row in rows
        ]
        found.append(Series({"feature": value}, "resolved task", merged(made)))
    return found


def _values(frame: pl.DataFrame, dimension: str) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    for key, rows in frame.sort(dimension, "part").group_by(dimension, maintain_order=True):
        yield str(key[0]), rows.to_dicts()


def merged(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Parts in order; grams of a part without units go to the next one: nothing is lost, and no level is infinite.

    Never over the window's begin; where no part follows they go to the last one that has units.
    """
    done: list[Part] = []
    waiting: Part | None = None
    for part in parts:
        if waiting and not _same_side(waiting, part):
            done, waiting = _handed_back(done, waiting), None
        joined = _joined(waiting, part) if waiting else part
        if joined.units > 0:
            done, waiting = [*done, joined], None
        else:
            waiting = joined
    return tuple(_handed_back(done, waiting) if waiting else done)


def _same_side(one: Part, other: Part) -> bool:
    return (one.number < 0) == (other.number < 0)


def _handed_back(done: list[Part], waiting: Part) -> list[Part]:
    if done and _same_side(done[-1], waiting):
        return [*done[:-1], _joined(waiting, done[-1])]
    return done


def _joined(earlier: Part, later: Part) -> Part:
    return Part(
        later.number,
        earlier.units + later.units,
        earlier.grams + later.grams,
        earlier.squares + later.squares,
        earlier.products + later.products,
    )


def totals(sums: pl.DataFrame, subject: Mapping[str, str], parts: Collection[int]) -> dict[str, Totals]:
    """A subject's calls with a figure in some parts, by model."""
    chosen = _of(sums, subject).filter(pl.col("part").is_in(list(parts)), pl.col("co2e_g").is_not_null())
    by_model = chosen.group_by("model").agg(*(pl.col(name).sum() for name in COUNTED))
    return {row["model"]: Totals(*(float(row[name] or 0) for name in COUNTED)) for row in by_model.to_dicts()}


def without_figure(sums: pl.DataFrame, subject: Mapping[str, str], parts: Collection[int]) -> set[str]:
    """Models that a subject called in some parts without any figure."""
    chosen = _of(sums, subject).filter(pl.col("part").is_in(list(parts)))
    by_model = chosen.group_by("model").agg(pl.col("co2e_g").is_null().all())
    return set(by_model.filter("co2e_g")["model"])


def within_features(sums: pl.DataFrame, rise: Rise) -> float:
    """By what share a model's grams a call rose for the features that it serves, at their mix (Kitagawa's rate part).

    A model that serves heavier features than before emits more a call and has not changed. Of a feature's own rise it
    is all of it.
    """
    if "model" not in rise.series.subject:
        return rise.share
    known = _of(sums, rise.series.subject).filter(pl.col("co2e_g").is_not_null())
    sides = [
        known.filter(pl.col("part").is_in(parts)).group_by("feature").agg(pl.col("calls", "co2e_g").sum())
        for parts in (list(rise.reference), list(range(rise.first, rise.last + 1)))
    ]
    both = sides[0].join(sides[1], on="feature", how="full", coalesce=True, suffix="_after").fill_null(0)
    calls, grams, calls_after, grams_after = (
        both[name].to_numpy().astype(float) for name in ("calls", "co2e_g", "calls_after", "co2e_g_after")
    )
    parts = split(calls, grams / np.maximum(calls, 1), calls_after, grams_after / np.maximum(calls_after, 1))
    return float(parts.rate.sum()) / parts.before


def _of(sums: pl.DataFrame, subject: Mapping[str, str]) -> pl.DataFrame:
    return sums.filter(*(pl.col(name) == value for name, value in subject.items()))
