"""The layer of what is said: a classifier on sketches, held-out users, and a kernel test as the second vote."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from analytics.statistics.two_sample import classifier_test, mmd_test
from analytics.user_drift.layers import COVERED, sketched, sketches
from analytics.user_drift.shift import SCREENING, Bools, Floats, Shift, Sides

MIN_AUC = 0.1
"""Smaller leads over one half are nothing: a topic whose share grew by less than 20 points."""
KERNEL_ROWS, KERNEL_LABELLINGS = 500, 199
"""Of each side, for the second vote."""


class Content:
    """The sketches of a family's calls, which are in the order of their times."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self.has: Bools = sketched(rows)
        self.columns: Floats = sketches(rows)

    def shift(self, sides: Sides, rng: np.random.Generator) -> Shift | None:
        """None where too few calls have a sketch, or too few users."""
        given = self.has[sides.places]
        if min(given[sides.current].mean(), given[~sides.current].mean()) < COVERED:
            return None
        sides = sides.only(self.has)
        told = classifier_test(self.columns[sides.places], sides.current, sides.who, rng, SCREENING)
        if told is None:
            return None
        shift = Shift(
            layer="content",
            meaning="what users write",
            soft=False,
            sides=sides,
            effect=told.auc - 0.5,
            unit="AUC above 0.5",
            minimum=MIN_AUC,
            p_value=told.p_value,
            score=np.where(self.has, self.columns @ told.weights, np.nan),
        )
        return replace(shift, vote=self._second_vote(sides, rng)) if shift.moved else shift

    def confirmed(self, shift: Shift, rng: np.random.Generator, most: int) -> Shift:
        """The same with a p-value of more labellings; the users are halved anew."""
        sides = shift.sides
        told = classifier_test(self.columns[sides.places], sides.current, sides.who, rng, most)
        return replace(shift, p_value=told.p_value) if told else shift

    def _second_vote(self, sides: Sides, rng: np.random.Generator) -> float:
        """p of the kernel test on some of the rows."""
        chosen = np.concatenate(
            [rng.permutation(np.flatnonzero(side))[:KERNEL_ROWS] for side in (~sides.current, sides.current)]
        )
        rows = self.columns[sides.places[chosen]]
        return mmd_test(rows, sides.current[chosen], sides.who[chosen], rng, KERNEL_LABELLINGS)[1]
