"""PELT against series that people annotated (Turing Change Point Dataset, in river) and the Nile."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from analytics.statistics.change_points import change_points, fall_near
from spanledger.later import Later

datasets, nile = Later("river.drift.datasets"), Later("statsmodels.datasets.nile")

MARGIN = 5
"""An annotated point counts as found within so many places, as in the dataset's paper (arXiv:2003.06222)."""


def f1(annotations: Mapping[str, Sequence[int]], found: Sequence[int]) -> float:
    """Precision over all annotators' points, recall averaged over annotators; the first index always counts."""
    predicted = {0, *found}
    people = [{0, *points} for points in annotations.values()]
    precision = len(_matched(set().union(*people), predicted)) / len(predicted)
    recall = float(np.mean([len(_matched(points, predicted)) / len(points) for points in people]))
    return 2 * precision * recall / (precision + recall)


def _matched(truth: set[int], predicted: set[int]) -> set[int]:
    free, matched = set(predicted), set()
    for point in sorted(truth):
        near = [each for each in free if abs(each - point) <= MARGIN]
        if near:
            free.remove(min(near, key=lambda each: abs(each - point)))
            matched.add(point)
    return matched


@pytest.mark.parametrize(
    ("dataset", "column", "reference"),
    [
        ("UKCoalEmploy", "Employment", 0.900),
        ("RunLog", "Pace", 0.741),
        ("AirlinePassengers", "Total Passengers", 0.491),
        ("Bitcoin", "price", 0.554),
        ("Occupancy", "V1", 0.537),
    ],
)
def test_not_worse_than_the_reference_on_annotated_series(dataset: str, column: str, reference: float) -> None:
    series = getattr(datasets, dataset)()
    path = Path(str(datasets.__file__)).with_name(series.filename)
    texts = [row[column] for row in csv.DictReader(path.read_text().splitlines())]
    values = np.array([float(text) if text else np.nan for text in texts])
    values = np.where(np.isnan(values), np.nanmean(values), values)
    assert f1(series.annotations, change_points((values - values.mean()) / values.std())) >= reference - 0.001


def test_the_nile_fell_in_1899() -> None:
    flow = nile.load_pandas().data["volume"].to_numpy()
    assert change_points(flow) == [28]
    assert (flow[:28].mean(), flow[28:].mean()) == pytest.approx((1097.75, 849.97), abs=0.01)


def test_weights_say_which_values_count() -> None:
    values = np.concatenate([np.zeros(20), np.ones(20), np.zeros(20)])
    sure = np.full(60, 25.0)
    assert change_points(values, sure) == [20, 40]
    unsure = np.concatenate([sure[:20], np.full(20, 0.01), sure[40:]])
    assert change_points(values, unsure) == []


def test_a_series_without_noise_or_too_short_has_none() -> None:
    assert change_points(np.zeros(50)) == []
    assert change_points(np.array([1.0, 2.0, 1.0])) == []


def test_a_fall_is_dated_where_it_is_deepest() -> None:
    values = np.concatenate([np.zeros(30), np.full(30, -2.0)]) + np.random.default_rng(1).normal(0, 0.3, 60)
    weights = np.full(60, 1 / 0.09)
    assert fall_near(values, weights, near=32, reach=6) == 30
    assert fall_near(values, weights, near=50, reach=6) == 50
    assert fall_near(-values, weights, near=32, reach=6) == 32


@hypothesis_settings(max_examples=25, deadline=None)
@given(st.integers(10, 40), st.floats(4, 20), st.integers(0, 2**32 - 1))
def test_a_clear_step_is_found(at: int, step: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(0, 1, 60) - step * (np.arange(60) >= at)
    assert any(abs(point - at) <= 1 for point in change_points(values, np.ones(60)))
