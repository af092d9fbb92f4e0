"""The job: reads usage of the window and of hours to compare with, finds falls, their causes and their price."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import polars as pl

from analytics.cache_hit_rate import coverage
from analytics.cache_hit_rate.candidates import candidate, lost_coverage
from analytics.cache_hit_rate.explain import events
from analytics.cache_hit_rate.falls import MIN_DROP, watch
from analytics.cache_hit_rate.grid import grid
from analytics.cache_hit_rate.look import EngineLook, Look
from analytics.cache_hit_rate.overview import report
from analytics.cache_hit_rate.reading import Hours, Reader, hours
from analytics.jobs.contract import Candidate, Kind, NotComputable, Report, Severity, Window
from analytics.jobs.source import Source
from spanledger.settings import Settings

HERE = Path(__file__).parent
FEWEST_CALLS = 50
"""Calls since the break. Its test knows how few they are, so it needs fewer than the 200 of other findings; below this,
a handful of conversations that start anew look like a broken cache."""
KINDS = (
    Kind("drop", "Prompts are found in the cache less often than in comparable hours.", 100 * MIN_DROP, FEWEST_CALLS),
    Kind(
        "mix_shift", "The hit rate is lower since the traffic is another; no cache broke.", 100 * MIN_DROP, FEWEST_CALLS
    ),
    Kind("coverage_lost", "Calls that said how much they had from the cache no longer do.", 0, 0),
    Kind("hit_rate", "Hit rates by provider, model, prompt and tenant: a report.", 0, 0),
)


@dataclass(frozen=True)
class Inputs:
    """What one run read."""

    sources: pl.DataFrame
    overview: pl.DataFrame
    hourly: pl.DataFrame
    silent_zeros: tuple[str, ...] = ()


class CacheHitRate:
    """See docs/jobs/cache_hit_rate.md."""

    name = "cache_hit_rate"
    title = "Prompt cache: hit rates, drops and who caused them"
    kinds = KINDS
    every = timedelta(hours=1)
    length = timedelta(hours=24)

    def run(self, source: Source, window: Window, settings: Settings) -> Report:
        """One window; NotComputable when no call reported cached tokens, now or before."""
        asked = hours(window)
        sources = source.frame(HERE / "sources.sql", window.parameters())
        zeros = coverage.silent_zeros(sources)
        reader = Reader(source)
        overview = reader.read("overview", asked.since, asked.until, {"silent_zeros": zeros, "most": 5000})
        if overview.is_empty():
            raise NotComputable("No billable calls in the window.")
        tenants, prompts = (_biggest(overview, level, most) for level, most in _room(asked))
        hourly = reader.hourly(asked, tenants, prompts, zeros)
        inputs = Inputs(sources, overview, hourly, tuple(zeros))
        return find(inputs, EngineLook(source, window, tenants, zeros), window, settings.cache_min_usd_per_day)


def _room(asked: Hours) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("tenant", asked.tenants), ("prompt", asked.prompts)


def _biggest(overview: pl.DataFrame, level: str, most: int) -> list[str]:
    """Values that cost most, or have most tokens where nothing has a price."""
    rows = overview.filter(pl.col("level") == level)
    sums = rows.group_by("key").agg(pl.col("cost_usd", "all_tokens").sum())
    return sums.sort(["cost_usd", "all_tokens", "key"], descending=[True, True, False]).head(most)["key"].to_list()


def find(inputs: Inputs, look: Look, window: Window, min_usd_per_day: float) -> Report:
    """What the frames say; `look` is asked only about falls."""
    asked = hours(window)
    said = coverage.sentence(inputs.overview)
    lost = lost_coverage(coverage.lost(inputs.hourly, asked.since), window.until)
    if not inputs.overview["rated_tokens"].sum():
        if not lost:
            raise NotComputable(f"There is no hit rate: {said}.")
        return Report(lost, notes={"coverage": said})
    whole = grid(inputs.hourly, asked.until)
    path, inside = (slice(max(0, whole.column(hour)), whole.width) for hour in (asked.path, asked.since))
    watched = watch(whole, path, inside, coverage.unequal(inputs.sources))
    told = [candidate(event, min_usd_per_day) for event in events(whole, watched, path, inside, look)]
    candidates = [_told(each, look, window) for each in told if each]
    notes = {"coverage": said, "slices": len(whole.slices), "tested": len(watched.tested), "falls": len(watched.falls)}
    if inputs.silent_zeros:
        notes["zeros_left_out_by"] = list(inputs.silent_zeros)
    return Report([*candidates, *lost, report(inputs.overview, window, said)], watched.tested, notes)


def _told(one: Candidate, look: Look, window: Window) -> Candidate:
    """With traces where somebody should look, and no later than the window, which hours may overlap."""
    traces = [] if one.severity is Severity.DIGEST else look.traces(one.subject, one.since)
    return replace(one, trace_ids=traces, until=min(one.until, window.until))


JOB = CacheHitRate()
