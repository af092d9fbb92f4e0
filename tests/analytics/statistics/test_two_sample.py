"""Two-sample tests: digits as positives, changes of p(y|x) as negative controls, false alarms counted."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from analytics.statistics import newcombe
from analytics.statistics.relabel import Labels, blocks, p_values
from analytics.statistics.two_sample import accuracy_p, area_under_curve, classifier_test, mmd2, mmd_test
from spanledger.later import Later

synth = Later("river.datasets.synth")

Floats = NDArray[np.float64]
N = 300


def two(x: Floats, y: Floats) -> tuple[Floats, NDArray[np.bool_], NDArray[np.int64]]:
    """Rows, sides, and a unit for each row."""
    rows = np.concatenate([x, y])
    return rows, np.arange(len(rows)) >= len(x), np.arange(len(rows))


def digits(only: range | None, seed: int = 0) -> tuple[Floats, Floats]:
    """300 digits of all classes, and 300 others of some."""
    pixels, digit = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(pixels))
    first, rest = order[:N], order[N:]
    kept = rest if only is None else rest[np.isin(digit[rest], only)]
    return pixels[first], pixels[kept[:N]]


def test_half_of_the_digits_is_another_distribution() -> None:
    rows, current, unit = two(*digits(range(5)))
    rng = np.random.default_rng(1)
    discrepancy, p_value = mmd_test(rows, current, unit, rng)
    told = classifier_test(rows, current, unit, rng)
    assert told is not None
    assert 0.007 < discrepancy < 0.02
    assert p_value <= 0.002
    assert told.accuracy > 0.57
    assert told.auc > 0.6
    assert told.p_value == pytest.approx(0.001)
    assert accuracy_p(told.accuracy, told.n) < 0.001
    assert discrepancy == pytest.approx(mmd2(rows[~current], rows[current]), rel=1e-3)


def test_other_digits_of_all_classes_are_the_same_distribution() -> None:
    rows, current, unit = two(*digits(None))
    rng = np.random.default_rng(1)
    told = classifier_test(rows, current, unit, rng)
    assert told is not None
    assert told.p_value > 0.05
    assert mmd_test(rows, current, unit, rng)[1] > 0.05


@pytest.mark.parametrize(
    ("kind", "sides"),
    [
        ("SEA", [{"variant": 0, "seed": 1}, {"variant": 3, "seed": 2}]),
        (
            "STAGGER",
            [{"classification_function": 0, "seed": 1}, {"classification_function": 2, "seed": 2}],
        ),
    ],
    ids=["SEA", "STAGGER"],
)
def test_a_change_of_the_answer_alone_is_no_input_drift(kind: str, sides: list[dict[str, int]]) -> None:
    streams = [getattr(synth, kind)(**side) for side in sides]
    x, y = ([list(map(float, row.values())) for row, _ in stream.take(N)] for stream in streams)
    rows, current, unit = two(np.array(x), np.array(y))
    rng = np.random.default_rng(3)
    told = classifier_test(rows, current, unit, rng)
    assert told is not None
    assert told.p_value > 0.05
    assert abs(told.accuracy - 0.5) < 0.07
    assert mmd_test(rows, current, unit, rng)[1] > 0.05


def test_false_alarms_of_the_classifier_test_are_as_many_as_named() -> None:
    rng = np.random.default_rng(5)
    found = [
        classifier_test(rng.normal(size=(200, 10)), np.arange(200) < 100, np.arange(200), rng, 99) for _ in range(200)
    ]
    share = np.mean([told.p_value <= 0.05 for told in found if told])
    assert share <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def habits(rng: np.random.Generator, users: int, back: float) -> tuple[Floats, NDArray[np.bool_], NDArray[np.int64]]:
    """Users with values of their own, a few of whom say most; a share of them is there on both sides."""
    own = rng.normal(size=users)
    heavy = rng.zipf(1.8, users).clip(max=30)
    home = rng.random(users) < 0.5
    unit = np.repeat(np.arange(users), heavy)
    returning = rng.random(users) < back
    current = np.where(returning[unit], rng.random(len(unit)) < 0.3, home[unit])
    return (own[unit] + 0.5 * rng.normal(size=len(unit)))[:, None], current, unit.astype(np.int64)


def p_of_means(values: Floats, current: NDArray[np.bool_], unit: NDArray[np.int64], rng: np.random.Generator) -> float:
    """p of a difference of means."""
    of = blocks(unit, current)
    sums = of.sums((values - values.mean())[:, 0])

    def squared(labels: Labels) -> Floats:
        return np.asarray((labels @ sums)[:, 0].astype(float) ** 2 / np.maximum(of.pivot(labels), 1e-9))

    return p_values(of, [squared], rng, 199)[0][1]


@pytest.mark.parametrize("back", [0.0, 0.6])
def test_users_with_habits_are_no_drift(back: float) -> None:
    rng = np.random.default_rng(6)
    made = [habits(rng, 80, back) for _ in range(150)]
    by_user = [p_of_means(values, current, unit, rng) for values, current, unit in made]
    by_row = [p_of_means(values, current, np.arange(len(unit)), rng) for values, current, unit in made]
    assert np.mean(np.array(by_user) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)
    assert np.mean(np.array(by_row) <= 0.05) > 0.2  # what a permutation of rows would have made of them


def test_labels_keep_who_is_where() -> None:
    unit = np.array([0, 0, 0, 1, 1, 2, 3, 4])
    current = np.array([0, 0, 1, 0, 1, 0, 1, 1], dtype=bool)
    of = blocks(unit, current)
    assert of.units == (3, 4)
    assert len(of.pairs) == 2
    labels = of.shuffled(np.random.default_rng(1), 200)
    assert (labels[:, of.pairs].sum(axis=2) == 1).all()  # users on both sides stay on both
    assert (labels[:, of.singles].sum(axis=1) == 2).all()  # of the others as many are current as were
    assert 0.3 < labels[:, of.pairs[0, 0]].mean() < 0.7


def test_area_under_curve_is_sklearns() -> None:
    rng = np.random.default_rng(2)
    scores, current = rng.integers(0, 5, 100).astype(float), rng.random(100) < 0.4
    assert area_under_curve(scores, current) == pytest.approx(roc_auc_score(current, scores))


def test_one_side_only_cannot_be_told() -> None:
    assert (
        classifier_test(np.ones((4, 2)), np.array([True, True, True, False]), np.arange(4), np.random.default_rng(1))
        is None
    )


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    # Newcombe (1998), table II, method 10
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_newcombe(counts: tuple[int, int, int, int], low: float, high: float) -> None:
    found = newcombe.difference(*counts)
    assert found[1:] == pytest.approx((low, high), abs=6e-5)
