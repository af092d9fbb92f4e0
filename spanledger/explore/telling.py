"""Which values of an attribute may be counted apart: those that were not chosen for being frequent by chance.

Of many values that are alike some are always more frequent in a sample. Who keeps just those apart compares what chance
made large, and finds a difference nearly every time.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from spanledger.divergence import Floats

ENOUGH = 5
"""Traces that a value should have in the smaller of the two, were it as frequent in both (Cochran's rule)."""


def apart(p: Floats, q: Floats, sizes: tuple[int, int], *, all_listed: bool, sure: float) -> NDArray[np.bool_]:
    """Of values with shares `p` in the selection and `q` in the rest, of so many traces, those to be counted apart.

    They are frequent enough in both together; or so one-sided by themselves that the odds of any such value by chance
    are below `sure`. If not all values are listed, they are those with the largest p + q, and enough of both together
    is only what is listed however it is divided between the two.
    """
    n, m = sizes
    selected, others = p * n, q * m
    both = selected + others
    frequent = both * min(n, m) / (n + m) >= ENOUGH
    if not all_listed:
        frequent &= both / max(n, m) >= (p + q).min()
    return np.asarray(frequent | (_odds(selected, others, n / (n + m)) * _tries(both, n + m, all_listed) < sure))


def _odds(selected: Floats, others: Floats, part: float) -> Floats:
    """That a value of so many traces is at least as one-sided when each is selected with odds `part`: the tail of the
    binomial distribution, for counts that need not be whole."""
    more = scipy.special.betainc(np.maximum(selected, 1e-9), others + 1, part)
    fewer = scipy.special.betainc(np.maximum(others, 1e-9), selected + 1, 1 - part)
    return np.asarray(2 * np.minimum(more, fewer))


def _tries(both: Floats, traces: int, all_listed: bool) -> Floats:
    """Bonferroni's number of values that could have been so: all, or as many as this one would fit into all traces."""
    fit = traces / np.maximum(both, 1e-9)
    return np.minimum(fit, len(both)) if all_listed else fit
