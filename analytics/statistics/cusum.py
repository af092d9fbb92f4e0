"""One-sided CUSUM for falls (Page, Biometrika 41, 1954), for many series at once.

S = max(0, S - z - K) over standardised deviations z, alarm when S reaches a limit. With K = 0.5 it is tuned to a fall
of one standard deviation. Hours without a value pass by.
"""

from __future__ import annotations

import numpy as np

from analytics.statistics.mix_rate import Floats

K = 0.5
"""Reference value in standard deviations: half of the fall that is to be found."""
LIMIT = 5.0
"""Alarm at this sum: once in 931 hours by chance, a fall of one standard deviation after about ten hours."""
CLIP = 5.0
"""No single value counts for more than this many standard deviations, so that one bad hour is not an alarm."""
SIEGMUND = 1.166
"""Siegmund's correction for the overshoot: 2 x 0.583."""


def falling(z: Floats, k: float = K, clip: float = CLIP) -> Floats:
    """S after each value; `z` has a row a series, NaN where there is nothing to see."""
    sums = np.zeros_like(z)
    step = np.nan_to_num(-np.clip(z, -clip, clip) - k, nan=0.0)
    state = np.zeros(z.shape[0])
    for t in range(z.shape[1]):
        state = np.maximum(0.0, state + step[:, t])
        sums[:, t] = state
    return sums


def run_length(limit: Floats, k: float = K) -> Floats:
    """Average number of values until a false alarm at `limit` (Siegmund 1985): 938 at 5, by a Markov chain 931."""
    reach = 2 * k * (limit + SIEGMUND)
    return np.asarray((np.exp(np.minimum(reach, 700.0)) - reach - 1) / (2 * k * k))


def p_value(highest: Floats, seen: Floats, k: float = K) -> Floats:
    """How likely `seen` values without a fall reach `highest`: alarms by chance come as a Poisson process."""
    return np.asarray(-np.expm1(-seen / run_length(highest, k)))
