"""Histogram distances: published vectors, the null's bounds, and what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import distance

from analytics.statistics.psi import (
    jensen_shannon_bound,
    psi,
    psi_bound,
    quantile_edges,
    shares,
)
from spanledger.divergence import jensen_shannon

P, Q = [0.5, 0.3, 0.15, 0.05], [0.3, 0.3, 0.25, 0.15]
HISTOGRAMS = st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 1000)), min_size=2, max_size=12)


def test_vectors() -> None:
    assert psi(P, Q) == pytest.approx(0.263109, abs=5e-7)
    assert jensen_shannon(P, Q) == pytest.approx(0.046212, abs=5e-7)


@pytest.mark.parametrize(
    ("bins", "n", "m", "bound"), [(10, 1000, 1000, 0.0338), (10, 5000, 500, 0.0372), (20, 10_000, 10_000, 0.0060)]
)
def test_bounds_of_the_null(bins: int, n: int, m: int, bound: float) -> None:
    assert psi_bound(bins, n, m) == pytest.approx(bound, abs=5e-5)


@pytest.mark.parametrize(("n", "m"), [(1000, 1000), (5000, 500)])
def test_samples_of_one_distribution_exceed_the_bounds_one_time_in_twenty(n: int, m: int) -> None:
    rng = np.random.default_rng(4)
    one, other = (shares(rng.multinomial(size, [0.1] * 10, 4000), pseudo=0.5) for size in (n, m))
    assert np.mean(psi(one, other) > psi_bound(10, n, m)) == pytest.approx(0.05, abs=0.015)
    assert np.mean(jensen_shannon(one, other) > jensen_shannon_bound(10, n, m)) == pytest.approx(0.05, abs=0.015)


@given(HISTOGRAMS)
@settings(max_examples=100, deadline=None)
def test_divergence_is_scipys_distance_squared(pairs: list[tuple[int, int]]) -> None:
    p, q = (shares(counts) for counts in zip(*pairs, strict=True))
    assert jensen_shannon(p, q) == pytest.approx(distance.jensenshannon(p, q, base=2) ** 2, abs=1e-9)
    assert psi(p, q) == pytest.approx(float(psi(q, p)))
    assert jensen_shannon(p, q) >= -1e-12
    assert jensen_shannon(p, q) <= psi(p, q) / 8 / np.log(2) + 1e-9  # an eighth of PSI is its upper bound


def test_nothing_in_common_is_one_bit() -> None:
    assert jensen_shannon([1, 0], [0, 1]) == pytest.approx(1)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=300))
@settings(max_examples=100, deadline=None)
def test_quantile_bins_are_never_empty(values: list[int]) -> None:
    edges = quantile_edges(values)
    counts = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
    assert len(edges) <= 9
    assert counts.min() > 0


def test_quantile_bins_hold_a_tenth_each() -> None:
    values = np.random.default_rng(1).normal(size=1000)
    assert np.bincount(np.searchsorted(quantile_edges(values), values)).tolist() == [100] * 10
