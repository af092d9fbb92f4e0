"""The layer of what is said: a classifier on sketches, held-out users, and a kernel test as the second vote."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from analytics.statistics.two_sample import classifier_test, mmd_test
from analytics.user_drift.layers import COVERED, sketched, sketches
from analytics.user_drift.shift import SCREENING, Bools, Shift, Sides

MIN_AUC = 0.1
"""Smaller leads over one half are nothing: a topic whose share grew by less than 20 points."""
KERNEL_ROWS, KERNEL_LABELLINGS = 500, 199
"""Of each side, for the second vote."""


def content_shift(sides: Sides, rng: np.random.Generator) -> Shift | None:
    """None where too few calls have a sketch, or too few users."""
    has, current = sketched(sides.rows), sides.current
    if min(has[current].mean(), has[~current].mean()) < COVERED:
        return None
    rows = sides.rows.filter(pl.Series(has))
    told = classifier_test(sketches(rows), current[has], sides.who[has], rng, SCREENING)
    if told is None:
        return None
    shift = Shift(
        layer="content",
        meaning="what users write",
        soft=False,
        days=sides.days,
        effect=told.auc - 0.5,
        unit="AUC above 0.5",
        minimum=MIN_AUC,
        p_value=told.p_value,
        places=sides.places[has],
        current=current[has],
        score=told.scores,
    )
    return replace(shift, vote=_second_vote(sides, has, rng)) if shift.moved else shift


def confirmed_content(shift: Shift, sides: Sides, rng: np.random.Generator, most: int) -> Shift:
    """The same with a p-value of more labellings; `sides`: its rows. The users are halved anew."""
    told = classifier_test(sketches(sides.rows), sides.current, sides.who, rng, most)
    return replace(shift, p_value=told.p_value) if told else shift


def _second_vote(sides: Sides, has: Bools, rng: np.random.Generator) -> float:
    """p of the kernel test on some of the rows."""
    chosen = np.concatenate(
        [rng.permutation(np.flatnonzero(has & side))[:KERNEL_ROWS] for side in (~sides.current, sides.current)]
    )
    _, p_value = mmd_test(
        sketches(sides.rows[chosen]), sides.current[chosen], sides.who[chosen], rng, KERNEL_LABELLINGS
    )
    return p_value
