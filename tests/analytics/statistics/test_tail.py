"""Fits of power laws: tables of Clauset, Shalizi and Newman (arXiv:0706.1062), samples of known laws, brute force."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from analytics.statistics.tail import Floats, compare, fit, goodness_of_fit
from spanledger.later import Later

powerlaw = Later("powerlaw")


@dataclass(frozen=True)
class Published:
    """Tables 6.1 and 6.3 of the paper, in the units that it uses; exact digits are those of these data."""

    name: str
    scale: float
    xmin: float
    alpha: float
    n_tail: int
    distance: float
    lognormal: tuple[float, float]


TABLE = (
    Published("blackouts", 1e3, 230, 2.2726, 59, 0.0607, (-0.412, 0.68)),
    Published("cities", 1e3, 52.457, 2.3700, 580, 0.0188, (-0.090, 0.93)),
    Published("flares", 1, 323, 1.7884, 1711, 0.0083, (-0.803, 0.42)),
    Published("surnames", 1e3, 111.919, 2.4932, 239, 0.0408, (-0.836, 0.40)),
    Published("fires", 1, 6324, 2.1636, 521, 0.0357, (-1.78, 0.08)),
)


def data(name: str, scale: float) -> Floats:
    return np.asarray(powerlaw.load_test_dataset(name), dtype=np.float64) / scale


def pareto(n: int, alpha: float, seed: int, xmin: float = 1.0) -> Floats:
    return np.asarray(xmin * (1 - np.random.default_rng(seed).random(n)) ** (-1 / (alpha - 1)))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_published_fits(row: Published) -> None:
    values = data(row.name, row.scale)
    law = fit(values)
    assert law is not None
    assert law.xmin == pytest.approx(row.xmin, abs=1e-3)
    assert law.n_tail == row.n_tail
    assert law.alpha == pytest.approx(row.alpha, abs=1e-4)
    assert law.distance == pytest.approx(row.distance, abs=1e-4)
    against = compare(values, law)["lognormal"]
    assert against.ratio == pytest.approx(row.lognormal[0], abs=0.01)
    assert against.p_value == pytest.approx(row.lognormal[1], abs=0.01)


def test_the_cut_off_is_a_nested_law() -> None:
    values = data("flares", 1)
    law = fit(values)
    assert law is not None
    against = compare(values, law)["cut_off"]
    assert against.ratio == pytest.approx(-4.52, abs=0.01)
    assert against.p_value == pytest.approx(0.003, abs=5e-4)


def test_ties_are_fitted_as_plfit_does() -> None:
    """With the share up to each point in the distance, too, surnames get another xmin, which the package has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = powerlaw.Fit(data("surnames", 1e3), estimate_discrete=False, verbose=0)
    law = fit(data("surnames", 1e3))
    assert law is not None
    assert (round(other.xmin, 2), round(law.xmin, 2)) == (14.92, 111.92)


def test_ratios_of_likelihoods_are_those_of_the_package() -> None:
    """Its fit of the stretched exponential stops early, so there ours must be better."""
    values = data("blackouts", 1e3)
    law = fit(values)
    assert law is not None
    ours = compare(values, law)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = powerlaw.Fit(values, estimate_discrete=False, verbose=0)
        for law_name in ("lognormal", "exponential"):
            ratio, p_value = theirs.distribution_compare("power_law", law_name, normalized_ratio=True)
            assert ours[law_name].ratio == pytest.approx(ratio, abs=5e-3), law_name
            assert ours[law_name].p_value == pytest.approx(p_value, abs=1e-3), law_name
        assert (
            ours["stretched_exponential"].ratio
            < theirs.distribution_compare("power_law", "stretched_exponential", normalized_ratio=True)[0]
        )


@pytest.mark.parametrize(("name", "p_value"), [("blackouts", 0.62), ("surnames", 0.20)])
def test_published_goodness_of_fit(name: str, p_value: float) -> None:
    found = goodness_of_fit(data(name, 1e3), np.random.default_rng(3))
    assert found is not None
    assert found.p_value == pytest.approx(p_value, abs=0.09)


def test_a_lognormal_is_no_power_law() -> None:
    """Of samples of 2,000 three in ten are ruled out, for the fit finds a piece of the tail that is straight enough."""
    values = np.random.default_rng(1).lognormal(0, 1, 2000)
    found = goodness_of_fit(values, np.random.default_rng(101), replicates=100)
    assert found is not None and found.p_value <= 0.02


def test_the_law_of_a_power_of_the_values_is_the_same() -> None:
    values = np.random.default_rng(2).lognormal(0, 1, 500)
    one, other = fit(values), fit(7 * values**3)
    assert one is not None and other is not None
    assert other.n_tail == one.n_tail
    assert other.distance == pytest.approx(one.distance)
    assert other.alpha - 1 == pytest.approx((one.alpha - 1) / 3)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_power_law_is_one(seed: int) -> None:
    found = goodness_of_fit(pareto(1000, 2.3, seed), np.random.default_rng(seed))
    assert found is not None and found.p_value > 0.1


def test_xmin_is_sought_anew_in_every_replicate() -> None:
    """With xmin held fixed, samples of a power law above a body of its own would be ruled out too seldom: p is uniform
    only when each replicate has the freedom that the data had."""
    p_values = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        values = np.concatenate([rng.uniform(0, 1, 200), pareto(200, 2.5, seed)])
        found = goodness_of_fit(values, rng, replicates=60)
        assert found is not None
        p_values.append(found.p_value)
    assert 0.25 < np.median(p_values) < 0.75
    assert np.mean(np.array(p_values) <= 0.1) <= 0.25


@pytest.mark.parametrize("alpha", [1.6, 2.16, 2.354, 3.5])
def test_the_exponent_is_found_within_three_standard_errors(alpha: float) -> None:
    law = fit(pareto(4000, alpha, 5))
    assert law is not None
    assert abs(law.alpha - alpha) < 3 * law.alpha_error


def by_brute_force(values: Floats) -> tuple[float, float]:
    """xmin and distance of plfit's continuous fit, as its listing has it."""
    ordered = np.sort(values)
    found = []
    for xmin in np.unique(ordered)[:-1]:
        tail = ordered[ordered >= xmin]
        slope = len(tail) / np.log(tail / xmin).sum()
        before = np.arange(len(tail)) / len(tail)
        found.append((float(np.abs(1 - (xmin / tail) ** slope - before).max()), float(xmin)))
    distance, xmin = min(found)
    return xmin, distance


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.01, 1e6), min_size=2, max_size=300).filter(lambda values: len(set(values)) > 1))
def test_no_candidate_is_left_out(values: list[float]) -> None:
    law = fit(np.array(values))
    assert law is not None
    assert law.distance == pytest.approx(by_brute_force(np.array(values))[1], abs=1e-9)


def test_no_candidate_is_left_out_of_many() -> None:
    values = np.random.default_rng(4).lognormal(0, 2, 3000)
    law = fit(values)
    assert law is not None
    assert (law.xmin, law.distance) == pytest.approx(by_brute_force(values))


def test_what_costs_nothing_is_not_fitted() -> None:
    values = pareto(500, 2.2, 1)
    assert fit(np.concatenate([values, np.zeros(300)])) == fit(values)


@pytest.mark.parametrize("values", [[], [0.0, 0.0], [3.0, 3.0, 3.0]])
def test_too_little_to_fit(values: list[float]) -> None:
    assert fit(np.array(values, dtype=np.float64)) is None
    assert goodness_of_fit(np.array(values, dtype=np.float64), np.random.default_rng(1)) is None


def test_two_values_of_one_size_compare_without_a_spread() -> None:
    law = fit(np.array([1.0, 2.0]))
    assert law is not None
    assert all(0 <= each.p_value <= 1 for each in compare(np.array([1.0, 2.0]), law).values())
