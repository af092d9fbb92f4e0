"""Jegham et al., arXiv:2505.09598: published Wh of three request shapes a model, made into Wh per token in and out.

The fit is least squares with no coefficient below zero: plain least squares gives several models a negative energy of
input. Two unknowns need no library: the best point is the free one, or the best on an edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spanledger.energy.factors import DATA, Bounds, Factors, cached_of, read_rows

SHAPES = ((100, 300), (1000, 1000), (10_000, 1500))
"""(tokens in, tokens out) of Table 4, in its order."""
COLUMNS = ("wh_100_300", "wh_1000_1000", "wh_10000_1500")
VERSIONS = ("jegham-v6", "jegham-v1")


def fit(wh: Sequence[float]) -> tuple[float, float]:
    """Wh per token in and per token out, neither below zero, that miss the three published Wh least."""
    aa = float(sum(a * a for a, _ in SHAPES))
    ab = float(sum(a * b for a, b in SHAPES))
    bb = float(sum(b * b for _, b in SHAPES))
    ay = sum(a * y for (a, _), y in zip(SHAPES, wh, strict=True))
    by = sum(b * y for (_, b), y in zip(SHAPES, wh, strict=True))
    determinant = aa * bb - ab * ab
    free = ((bb * ay - ab * by) / determinant, (aa * by - ab * ay) / determinant)
    if min(free) >= 0:
        return free
    return min((0.0, by / bb), (ay / aa, 0.0), key=lambda point: _missed(point, wh))


def _missed(point: tuple[float, float], wh: Sequence[float]) -> float:
    return sum((point[0] * a + point[1] * b - y) ** 2 for (a, b), y in zip(SHAPES, wh, strict=True))


def shipped(version: str) -> list[Factors]:
    """The rows of a version's file, one for each name of a model.

    Low and high are wide enough that all three published figures lie between them.
    """
    return [
        replace(_factors(version, row), model=name)
        for row in read_rows(DATA / f"{version}.csv")
        for name in row["models"].split()
    ]


def _factors(version: str, row: dict[str, str]) -> Factors:
    wh = [float(row[column]) for column in COLUMNS]
    fresh, out = fit(wh)
    missed = [y / (fresh * a + out * b) for (a, b), y in zip(SHAPES, wh, strict=True)]
    spread = Bounds(min(missed), 1.0, max(missed))
    pue = float(row["pue"])
    fresh_kwh = spread * (fresh / 1000 / pue)
    return Factors(
        factor_set=version,
        model=row["title"],
        source=f"arXiv:2505.09598{version.removeprefix('jegham-')} Table 4, {row['title']}",
        out=spread * (out / 1000 / pue),
        fresh=fresh_kwh,
        cached=cached_of(fresh_kwh),
        pue=Bounds.exact(pue),
    )
