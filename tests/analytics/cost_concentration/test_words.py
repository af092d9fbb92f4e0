"""What is said: verdicts of the tail, amounts, and tests of movers against scipy's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_rel

from analytics.cost_concentration import wording
from analytics.cost_concentration.movers import paired_test
from analytics.cost_concentration.verdict import in_words, judge
from analytics.statistics.tail import Comparison, GoodnessOfFit, PowerLaw
from spanledger.figures import usd

LAW = PowerLaw(xmin=10, alpha=2.3, distance=0.02, n_tail=500)
FITS, RULED_OUT = GoodnessOfFit(0.4, 100, 1000), GoodnessOfFit(0.01, 100, 1000)
NOT_TOLD, BETTER, WORSE = Comparison(-0.4, 0.7), Comparison(4.0, 0.001), Comparison(-3.0, 0.01)
HEAVY = {
    "lognormal": NOT_TOLD,
    "exponential": BETTER,
    "stretched_exponential": NOT_TOLD,
    "cut_off": Comparison(-0.1, 0.6),
}


@pytest.mark.parametrize(
    ("goodness", "changed", "words"),
    [
        (FITS, {}, "Heavy-tailed; power law and lognormal can't be told apart."),
        (FITS, {"lognormal": BETTER}, "Heavy-tailed; a power law fits, and better than a lognormal."),
        (FITS, {"lognormal": WORSE}, "Heavy-tailed; a lognormal fits better than a power law."),
        (FITS, {"cut_off": WORSE}, "Heavy-tailed; a power law with a cut-off fits better than a power law."),
        (RULED_OUT, {}, "Heavy-tailed; a power law is ruled out (p = 0.01)."),
        (
            RULED_OUT,
            {"lognormal": WORSE},
            "Heavy-tailed; a power law is ruled out (p = 0.01); a lognormal fits better.",
        ),
        (
            FITS,
            {"exponential": NOT_TOLD},
            "Not clearly heavier-tailed than an exponential; power law and lognormal can't be told apart.",
        ),
    ],
)
def test_no_more_is_claimed_than_was_tested(
    goodness: GoodnessOfFit, changed: dict[str, Comparison], words: str
) -> None:
    assert in_words(LAW, goodness, {**HEAVY, **changed}) == words


def test_without_a_mean_forecasts_are_refused() -> None:
    assert in_words(replace(LAW, alpha=1.8), FITS, HEAVY).endswith("forecasts by it are meaningless.")


def test_a_power_law_itself_is_mostly_no_more_than_heavy_tailed() -> None:
    samples = [1 + np.random.default_rng(seed).pareto(1.3, 300) for seed in range(6)]
    tails = [judge(sample, np.random.default_rng(1)) for sample in samples]
    modest = [tail for tail in tails if tail.words == "Heavy-tailed; power law and lognormal can't be told apart."]
    assert len(modest) >= 4
    details = modest[0].as_details()
    assert details["alpha"] == pytest.approx(2.3, abs=3 * details["alpha_error"])
    assert details["p_value"] > 0.1 and details["n_tail"] >= 50


@pytest.mark.parametrize("costs", [np.ones(30), np.ones(500), np.zeros(80)])
def test_small_tails_are_not_fitted(costs: np.ndarray) -> None:
    tail = judge(costs.astype(np.float64), np.random.default_rng(1))
    assert tail.words.startswith("The tail is too small to fit (")
    assert tail.as_details() == {"verdict": tail.words}


def test_weeks_are_compared_by_pairs_of_days() -> None:
    rng = np.random.default_rng(1)
    earlier = rng.lognormal(3, 0.5, 7)
    recent = earlier * 1.8 + rng.normal(0, 1, 7)
    test = paired_test(recent, earlier, 1.0)
    assert test.p_value == pytest.approx(ttest_rel(recent, earlier).pvalue)
    interval = ttest_rel(recent, earlier).confidence_interval(0.95)
    assert (test.low, test.high) == pytest.approx((interval.low, interval.high))


def test_growth_that_all_have_is_not_a_customers_own() -> None:
    earlier = np.random.default_rng(2).lognormal(3, 0.5, 7)
    noise = np.random.default_rng(3).lognormal(0, 0.05, 7)
    assert paired_test(earlier * 1.6 * noise, earlier, 1.6).p_value > 0.1
    assert paired_test(earlier * 1.6 * noise, earlier, 1.0).p_value < 0.01


def test_days_without_any_spread() -> None:
    assert paired_test(np.full(7, 5.0), np.full(7, 5.0), 1.0).p_value == 1
    assert paired_test(np.full(7, 9.0), np.full(7, 5.0), 1.0).p_value == 0


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (4000, "$4,000"),
        (-3960.2, "−$3,960"),
        (40, "$40"),
        (36.954, "$36.95"),
        (0.0123, "$0.01"),
        (0.00042, "$0.00042"),
        (0, "$0"),
    ],
)
def test_amounts(amount: float, text: str) -> None:
    assert usd(amount) == text


def test_lengths_and_names() -> None:
    assert [wording.length(days) for days in (1 / 24, 0.25, 1, 7, 27.5)] == [
        "1 hour", "6 hours", "24 hours", "7 days", "27.5 days",
    ]  # fmt: skip
    assert wording.name("x" * 500) == "x" * 79 + "…"
    assert [wording.percent(part) for part in (0.006, 0.0996, 0.57)] == ["0.6 %", "10 %", "57 %"]
    assert [wording.times(factor) for factor in (5.04, 18.2, 1234)] == ["5.0 times", "18 times", "1,234 times"]
