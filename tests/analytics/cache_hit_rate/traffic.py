"""Usage by the hour of made-up services, with the same look as the engine gives: for histories of weeks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from analytics.cache_hit_rate.cells import CELL, Cells, cells
from analytics.cache_hit_rate.job import Inputs, find
from analytics.jobs.contract import Candidate, Report, Window

MONDAY = datetime(2026, 10, 19, tzinfo=UTC)
HOUR = timedelta(hours=1)
MANY = 30
"""Calls of an hour that need not be drawn one by one."""
PRICES = {"gpt-4o": (2.5e-6, 1.25e-6, 2.5e-6), "claude-sonnet-4-5": (3e-6, 0.3e-6, 3.75e-6)}
"""Input, cached, write: USD per token."""
Shape = Callable[[datetime], float]


def day_and_night(hour: datetime) -> float:
    """Traffic over the day: nights a fifth of noon, weekends half."""
    daily = 0.6 + 0.4 * np.sin((hour.hour - 9) / 24 * 2 * np.pi)
    return float(daily * (0.5 if hour.weekday() >= 5 else 1.0))


def always(_: datetime) -> float:
    return 1.0


@dataclass(frozen=True)
class Flow:
    """Calls of one cell."""

    tenant: str
    rate: Shape = lambda _: 0.71
    calls: float = 200.0
    """An hour, at noon."""
    shape: Shape = day_and_night
    tokens: float = 4000.0
    prompt: str = "chat"
    model: str = "gpt-4o"
    provider: str = "openai"
    purpose: str = "production"
    reported: Shape = always
    writes: bool = False
    """Missed tokens are written to the cache and reported."""


@dataclass(frozen=True)
class Traffic:
    """Flows from a Monday on, for some days."""

    flows: Sequence[Flow]
    days: int = 35
    seed: int = 1
    noise: float = 0.02
    """Standard deviation of an hour's rate beside chance."""
    first: datetime = MONDAY
    usage: pl.DataFrame = field(init=False)

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)
        hours = [self.first + HOUR * k for k in range(24 * self.days)]
        rows = [row for flow in self.flows for hour in hours if (row := _row(flow, hour, random, self.noise))]
        object.__setattr__(self, "usage", pl.DataFrame(rows))

    def at(self, days: float, hours: float = 0) -> datetime:
        """A moment after the first."""
        return self.first + timedelta(days=days, hours=hours)

    def run(self, since: datetime, until: datetime, usd: float = 50.0) -> Report:
        """What the job says of a window."""
        asked = Window(since, until)
        seen = self.usage.filter(pl.col("hour") < until)
        inside = seen.filter(pl.col("hour") >= since)
        inputs = Inputs(
            _sources(inside), _overview(inside), _hourly(seen.filter(pl.col("hour") >= since - timedelta(28)))
        )
        return find(inputs, FrameLook(seen), asked, usd)


def _row(flow: Flow, hour: datetime, random: np.random.Generator, noise: float) -> dict[str, object] | None:
    calls = int(random.poisson(flow.calls * flow.shape(hour)))
    if not calls:
        return None
    rate = float(np.clip(flow.rate(hour) + random.normal(0, noise), 0, 1))
    tokens, cached, squares = _few(flow, calls, rate, random) if calls < MANY else _many(flow, calls, rate, random)
    said = flow.reported(hour)
    price = PRICES[flow.model]
    written = (tokens - cached) if flow.writes else 0.0
    return {
        "hour": hour, "tenant": flow.tenant, "provider": flow.provider, "model": flow.model, "prompt": flow.prompt,
        "feature": "", "purpose": flow.purpose, "all_calls": calls, "calls": round(calls * said),
        "all_tokens": tokens, "tokens": tokens * said, "cached": cached * said, "written": written, "unpriced": 0,
        "input_usd": (tokens - cached - written) * price[0], "cached_usd": cached * price[1],
        "write_usd": written * price[2], "squares": squares,
    }  # fmt: skip


def _few(flow: Flow, calls: int, rate: float, random: np.random.Generator) -> tuple[float, float, float]:
    """Tokens, cached ones and squares, call by call."""
    sizes = random.gamma(2.0, flow.tokens / 2, calls)
    shares = random.beta(2 * rate + 1e-9, 2 * (1 - rate) + 1e-9, calls)
    return float(sizes.sum()), float((sizes * shares).sum()), float((sizes * sizes).sum())


def _many(flow: Flow, calls: int, rate: float, random: np.random.Generator) -> tuple[float, float, float]:
    """The same by the normal law that sums of many calls follow."""
    tokens = flow.tokens * (calls + random.normal(0, np.sqrt(calls / 2)))
    share = np.clip(rate + random.normal(0, np.sqrt(rate * (1 - rate) / 3 * 1.5 / calls)), 0, 1)
    return tokens, float(tokens * share), 1.5 * calls * flow.tokens**2


def _overview(usage: pl.DataFrame) -> pl.DataFrame:
    sums = {
        "all_calls": "all_calls",
        "calls": "rated_calls",
        "all_tokens": "all_tokens",
        "tokens": "rated_tokens",
        "cached": "cached",
    }
    return pl.concat(
        usage.group_by("provider", pl.col(level).alias("key"), pl.col("hour").alias("hour_of"))
        .agg(pl.col(*sums).sum())
        .rename(sums)
        .with_columns(level=pl.lit(level))
        for level in ("model", "tenant", "prompt")
    )


def _hourly(usage: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(
        usage.group_by("provider", pl.col(level).alias("key"), "hour")
        .agg(pl.col("all_calls", "calls", "all_tokens", "tokens", "cached").sum())
        .with_columns(level=pl.lit(level))
        for level in ("model", "tenant", "prompt")
    ).filter((pl.col("level") == "model") | (pl.col("key") != ""))


def _sources(usage: pl.DataFrame) -> pl.DataFrame:
    return usage.group_by("provider", "model").agg(
        pl.col("all_calls").sum().alias("calls"),
        pl.col("calls").sum().alias("reported"),
        pl.lit(1).alias("zeros"),
        pl.col("all_tokens").sum().alias("tokens"),
        pl.col("squares").sum(),
    )


@dataclass(frozen=True)
class FrameLook:
    """Cells from a frame of usage; there are no spans."""

    usage: pl.DataFrame

    def cells(self, provider: str, before: Sequence[datetime], after: Sequence[datetime]) -> Cells:
        rows = self.usage.filter((pl.col("provider") == provider) & pl.col("hour").is_in([*before, *after]))
        marked = rows.with_columns(is_after=pl.col("hour").is_in(list(after)).cast(pl.Int64))
        summed = marked.group_by(*CELL, "is_after").agg(pl.selectors.numeric().exclude("is_after").sum())
        return cells(summed, len(before), len(after))

    def prefixes(self, subject: Mapping[str, str], at: datetime) -> None:  # noqa: ARG002  (there are no spans)
        return None

    def traces(self, subject: Mapping[str, str], since: datetime) -> list[str]:  # noqa: ARG002
        return []


def of(report: Report, *kinds: str) -> list[Candidate]:
    return [each for each in report.candidates if each.kind in kinds]


def company(days: int = 35, seed: int = 1, size: float = 1.0, **changes: Flow) -> Traffic:
    """Eight tenants by a power law, two models, three prompts; `changes` replace the flows of a tenant."""
    flows = []
    for number in range(8):
        flow = Flow(
            f"tenant{number}",
            calls=size * 1500 / (number + 1),
            prompt=("chat", "search", "summary")[number % 3],
            model=("gpt-4o", "gpt-4o", "claude-sonnet-4-5")[number % 3],
            provider=("openai", "openai", "anthropic")[number % 3],
        )
        change = changes.get(flow.tenant)
        flows.append(replace(flow, rate=change.rate, shape=change.shape) if change else flow)
    return Traffic(flows, days, seed)
