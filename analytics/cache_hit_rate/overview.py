"""The report: hit rates by provider, model, prompt and tenant, and their course."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from analytics.cache_hit_rate.candidates import query
from analytics.jobs.contract import Candidate, Severity, Window

LISTED = 20
POINTS = 200
"""Of the picture's series, all hours together: longer windows are summed into longer steps."""


def report(overview: pl.DataFrame, window: Window, coverage: str) -> Candidate:
    """The digest of a window; `overview` is the frame of overview.sql."""
    models = overview.filter(pl.col("level") == "model")
    rate, calls = _rate(models), int(models["rated_calls"].sum())
    return Candidate(
        kind="hit_rate",
        subject={},
        severity=Severity.DIGEST,
        effect=100 * rate,
        effect_unit="%",
        n=calls,
        title=f"Cache hit rate {rate:.0%} of input tokens over {calls:,} calls",
        summary=f"From {window}: {coverage}.",
        since=window.since,
        until=window.until,
        query=query({}, window.since, window.until),
        details={
            "hit_rate": rate,
            "coverage": coverage,
            "provider": _listed(models.with_columns(key=pl.col("provider"))),
            **{level: _listed(overview.filter(pl.col("level") == level)) for level in ("model", "prompt", "tenant")},
            "series": _series(models),
        },
    )


def _rate(rows: pl.DataFrame) -> float:
    return float(rows["cached"].sum()) / float(rows["rated_tokens"].sum())


def _listed(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The values with most tokens; a rate is null where nobody reported."""
    sums = rows.group_by("provider", "key").agg(
        pl.col("all_calls", "rated_calls", "all_tokens", "rated_tokens", "cached").sum()
    )
    rate = pl.when(pl.col("rated_tokens") > 0).then(pl.col("cached") / pl.col("rated_tokens"))
    listed = sums.with_columns(hit_rate=rate).sort("all_tokens", "provider", "key", descending=[True, False, False])
    columns = {
        "provider": "provider",
        "key": "name",
        "all_calls": "calls",
        "rated_calls": "reported",
        "all_tokens": "tokens",
    }
    return listed.head(LISTED).select(*columns, "hit_rate").rename(columns).to_dicts()


def _series(models: pl.DataFrame) -> list[dict[str, Any]]:
    """The rate of all calls along the window, and the missed tokens."""
    hours = models.group_by(pl.col("hour_of").alias("at")).agg(pl.col("rated_tokens", "cached").sum()).sort("at")
    if hours.is_empty():
        return []
    first, last = hours["at"][0], hours["at"][-1]
    step = max(1, -(-round((last - first).total_seconds() / 3600 + 1) // POINTS))
    steps = hours.group_by_dynamic("at", every=f"{step}h").agg(pl.col("rated_tokens", "cached").sum())
    return [
        {"at": _text(at), "hit_rate": cached / tokens if tokens else None, "missed_tokens": tokens - cached}
        for at, tokens, cached in steps.iter_rows()
    ]


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
