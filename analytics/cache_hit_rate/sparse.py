"""How much of a fall fewer calls explain: prefixes that nobody asks for expire.

By a model of a provider's cache, and never more than what was seen: in the slice's own hours that were as quiet, and
with others whose calls became fewer in the same hours.
"""

from __future__ import annotations

import numpy as np

from analytics.cache_hit_rate.cells import Cells
from analytics.cache_hit_rate.falls import Fall
from analytics.cache_hit_rate.grid import Grid
from analytics.cache_hit_rate.reference import Mask
from analytics.statistics.mix_rate import Floats

TTL_MINUTES = 5.0
"""How long providers keep a prefix that nobody asks for, if nothing longer is paid for."""
SPARSER = 0.7
"""Fewer calls are looked at as a cause when there are less than this share of those before."""
TELLING_CALLS = 50
"""Quiet hours, or others, with fewer calls tell nothing."""
TELLING_LOSS = 0.05
"""... nor others of whose rate the model takes less than five points."""


def sparser(own: Cells, others: Cells, quiet: float | None) -> float:
    """Share of the fall of `own` that fewer calls explain.

    `quiet`: what `quiet_share` says of the slice. `others`: cells that are not part of the fall.
    """
    fall = own.fall()
    if fall <= 0:
        return 0.0
    share = float(np.clip(_predicted(own) / fall, 0.0, 1.0))
    if quiet is not None:
        share = min(share, quiet)
    predicted = _predicted(others)
    if predicted >= TELLING_LOSS and others.both["calls_after"].sum() >= TELLING_CALLS:
        share *= float(np.clip(others.fall() / predicted, 0.0, 1.0))
    return share


def quiet_share(grid: Grid, usable: Mask, fall: Fall) -> float | None:
    """Share of a fall that the slice's rate in earlier hours with no more calls accounts for; None: there were none."""
    calls, tokens, cached = (each[fall.row] for each in (grid.calls, grid.tokens, grid.cached))
    after = calls[fall.start : fall.end]
    busy = after[after > 0]
    if not len(busy):
        return None
    before = np.arange(grid.width) < fall.start
    as_quiet = before & usable[fall.row] & (calls > 0) & (calls <= np.median(busy))
    if calls[as_quiet].sum() < TELLING_CALLS:
        return None
    rate = float(cached[as_quiet].sum() / tokens[as_quiet].sum())
    return float(np.clip((fall.expected - rate) / fall.drop, 0.0, 1.0))


def _predicted(cells: Cells) -> float:
    """By how much the rate falls by the model: with calls that come by chance at r a minute a prefix is found with
    probability 1 - exp(-r TTL)."""
    both = cells.both
    if both.is_empty():
        return 0.0
    before, after = _a_minute(cells, "before"), _a_minute(cells, "after")
    found = np.expm1(-after * TTL_MINUTES) / np.expm1(-before * TTL_MINUTES)
    lost = np.where(after < SPARSER * before, 1 - found, 0.0)
    rate_before = (both["cached_before"] / both["tokens_before"]).to_numpy()
    tokens = both["tokens_after"].to_numpy()
    return float((tokens * rate_before * lost).sum() / tokens.sum())


def _a_minute(cells: Cells, side: str) -> Floats:
    hours = cells.hours_before if side == "before" else cells.hours_after
    return np.asarray(cells.both[f"calls_{side}"].to_numpy() / (60.0 * hours))
