"""Splits of series: a planted change is dated, noise is none, and lumps are not mistaken for changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from analytics.statistics.histogram_change import histogram_change
from analytics.statistics.level_change import level_change, split_gains
from spanledger.divergence import jensen_shannon

SLOTS, FIRST, LAST = 200, 150, 196


def histograms(rng: np.random.Generator, shares: list[float], slots: int, per_slot: float) -> np.ndarray:
    return np.stack([rng.multinomial(rng.poisson(per_slot), shares) for _ in range(slots)]).astype(float)


@given(st.integers(0, 10_000), st.integers(FIRST, 190), st.sampled_from([0.3, 0.6, 1.0]))
@hypothesis_settings(max_examples=25, deadline=None)
def test_a_planted_change_of_shares_is_dated_and_sure(seed: int, at: int, moved: float) -> None:
    rng = np.random.default_rng(seed)
    before, after = [0.7, 0.3, 0.0], [0.7 * (1 - moved), 0.3 * (1 - moved), moved]
    counts = np.vstack([histograms(rng, before, at, 20), histograms(rng, after, SLOTS - at, 20)])
    found = histogram_change(counts, FIRST, LAST)
    assert found
    assert abs(found.at - at) <= 2
    assert found.p_value < 1e-4
    assert found.effect == pytest.approx(float(jensen_shannon(found.before, found.after)))
    assert found.n_before + found.n_after == counts.sum()
    turned = histogram_change(counts[:, ::-1], FIRST, LAST)
    assert turned
    assert turned.at == found.at, "values have no order"
    assert turned.p_value == pytest.approx(found.p_value)


def test_chance_is_seldom_a_change_of_shares_even_with_nights_in_it() -> None:
    rng = np.random.default_rng(1)
    day = 0.5 + 0.3 * np.sin(np.arange(SLOTS) / 24 * 2 * np.pi)
    small = []
    for _ in range(60):
        counts = np.stack([rng.multinomial(20, [share, 1 - share]) for share in day]).astype(float)
        found = histogram_change(counts, FIRST, LAST)
        small.append(found is not None and found.p_value < 0.01)
    assert np.mean(small) <= 0.05


def test_without_counts_on_both_sides_nothing_is_said() -> None:
    counts = np.zeros((SLOTS, 2))
    counts[199:, 0] = 50
    assert histogram_change(counts, FIRST, LAST) is None
    assert histogram_change(np.zeros((SLOTS, 2)), FIRST, LAST) is None


@given(st.integers(0, 10_000), st.integers(FIRST, 190))
@hypothesis_settings(max_examples=25, deadline=None)
def test_a_planted_change_of_a_level_is_dated_and_a_split_elsewhere_explains_less(seed: int, at: int) -> None:
    rng = np.random.default_rng(seed)
    bases = rng.poisson(20, SLOTS).astype(float)
    amounts = bases * np.where(np.arange(SLOTS) < at, 1.0, 2.5) * rng.uniform(0.8, 1.2, SLOTS)
    found = level_change(amounts, bases, FIRST, LAST)
    assert found
    assert abs(found.at - at) <= 1
    assert found.p_value < 0.02
    assert found.before == pytest.approx(1.0, rel=0.1)
    assert found.after == pytest.approx(2.5, rel=0.1)
    assert found.timing(found.at) == 1.0
    assert found.timing(20) < 0.6
    assert level_change(-amounts, bases, FIRST, LAST).timing(found.at) == 1.0  # type: ignore[union-attr]


def test_a_level_that_only_trembles_has_not_changed() -> None:
    rng = np.random.default_rng(2)
    sure = []
    for _ in range(60):
        bases = rng.poisson(20, SLOTS).astype(float)
        found = level_change(bases * rng.lognormal(0, 0.5, SLOTS), bases, FIRST, LAST)
        sure.append(found is not None and found.p_value < 0.02)
    assert np.mean(sure) <= 0.1, "nominal 0.02, for tails that are not normal"


def test_slots_without_a_base_say_nothing() -> None:
    bases, amounts = np.zeros(SLOTS), np.zeros(SLOTS)
    assert level_change(amounts, bases, FIRST, LAST) is None
    bases[:10], amounts[:10] = 1.0, 1.0
    assert not split_gains(amounts, bases)[11:].any()


def test_a_replacement_within_the_reference_is_not_noise_and_of_equal_splits_the_last_is_taken() -> None:
    """Three releases, each replacing the one before; nothing in the slots around the last one."""
    counts = np.zeros((SLOTS, 3))
    counts[:60, 0], counts[60:170, 1], counts[180:, 2] = 6, 6, 6
    found = histogram_change(counts, FIRST, LAST)
    assert found
    assert (found.at, found.dispersion) == (180, 1.0)
    assert found.p_value < 1e-12
    assert list(found.before) == [0.0, 1.0, 0.0]
    assert found.n_before >= 100 * 6
