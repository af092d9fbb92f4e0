"""From falls of slices to one candidate for each cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from analytics.cache_hit_rate.cause import SPARED, Cause, cause, mixed
from analytics.cache_hit_rate.cells import Cells
from analytics.cache_hit_rate.falls import MIN_DROP, Fall, Watched
from analytics.cache_hit_rate.grid import Grid
from analytics.cache_hit_rate.look import Look
from analytics.cache_hit_rate.money import Loss, loss
from analytics.cache_hit_rate.prefix import UNKNOWN, Mechanism, mechanism
from analytics.cache_hit_rate.reference import DAILY, DAILY_LAGS, EARLIER_HOURS, WEEKLY, WEEKLY_LAGS
from analytics.cache_hit_rate.sparse import TELLING_CALLS, quiet_share, sparser

TOGETHER = 3
"""Falls that begin within so many hours of each other may be one."""
ABSORBED = 12
"""What began within so many hours of a fall without a culprit is part of it."""
FRIDAY = 4
MOST = 12
"""Causes told in one run."""
OTHER_TRAFFIC = Mechanism("mix", "other traffic, not a broken cache")
MOSTLY_SPARSE = 0.5
"""Share of a fall from which on fewer calls are its cause."""


@dataclass(frozen=True)
class Event:
    """A fall with its cause."""

    fall: Fall
    """The clearest slice of the subject: its date, its test, its persistence."""
    subject: dict[str, str]
    broken: bool
    """False: the traffic is another (mix, fewer calls), no cache broke."""
    since: datetime
    open_start: bool
    """It was down when the window began."""
    until: datetime
    days: float
    """Length of the fall within the window."""
    cells: Cells
    """Of the subject."""
    around: Cells
    """Of all slices that fell with it."""
    cause: Cause
    mechanism: Mechanism
    loss: Loss
    lead_hours: int | None
    """How long before the break the suspected neighbour grew."""


def events(grid: Grid, watched: Watched, path: slice, window: slice, look: Look) -> list[Event]:
    """One event a cause, the clearest first."""
    found: list[Event] = []
    falls = list(watched.falls)
    while falls and len(found) < MOST:
        lead = falls[0]
        before, after = _hours(grid, watched, path, window, lead)
        if not before or not after:
            falls.remove(lead)
            continue
        cells = look.cells(lead.slice.provider, before, after)
        group = [fall for fall in falls if _together(fall, lead, TOGETHER)]
        sparse = {fall: _sparse(fall, group, cells, grid, watched) for fall in group}
        event = _event(grid, (path, window), sparse, cells, look)
        if event and not any((event.broken, event.subject) == (each.broken, each.subject) for each in found):
            found.append(event)
        told = [lead] if event and event.broken else group
        falls = [fall for fall in falls if fall not in told and not (event and _absorbed(fall, event, cells))]
    return found


def _hours(
    grid: Grid, watched: Watched, path: slice, window: slice, lead: Fall
) -> tuple[list[datetime], list[datetime]]:
    """Hours that the fall is compared with, and its hours within the window; only those in which anybody called."""
    busy = grid.calls.sum(axis=0) > 0
    columns = np.arange(max(lead.start, window.start), min(lead.end, window.stop))
    columns = columns[busy[columns]]
    codes = watched.reference.lags[lead.row, columns - path.start]
    before: set[int] = set()
    for column, code in zip(columns.tolist(), codes.tolist(), strict=True):
        lags = WEEKLY if code == WEEKLY_LAGS else DAILY if code == DAILY_LAGS else ()
        before |= {column - lag for lag in lags}
    if not before:
        before = set(range(lead.start - EARLIER_HOURS, lead.start))
    kept = [column for column in before if 0 <= column < lead.start and watched.usable[lead.row, column]]
    kept = [column for column in kept if busy[column]]
    return [grid.hour(column) for column in sorted(kept)], [grid.hour(int(column)) for column in columns]


def _together(fall: Fall, lead: Fall, hours: int) -> bool:
    return (
        fall.slice.provider == lead.slice.provider
        and abs(fall.start - lead.start) <= hours
        and fall.start < lead.end
        and lead.start < fall.end
    )


def _of(fall: Fall) -> pl.Expr:
    return pl.col(fall.slice.level) == fall.slice.key


def _event(
    grid: Grid, windows: tuple[slice, slice], sparse: Mapping[Fall, float], cells: Cells, look: Look
) -> Event | None:
    """What is behind a group of falls, by the share that fewer calls explain of each; None when it is nothing."""
    path, window = windows
    group = list(sparse)
    broken = [fall for fall in group if sparse[fall] < MOSTLY_SPARSE and _is_rate(cells.where(_of(fall)))]
    scope = _scope(cells, broken or group)
    why = cause(scope, cells, comparable=not group[0].thin)
    fall = _clearest(broken or group, why)
    since, open_start = grid.hour(fall.start), fall.start <= path.start
    weekend = fall.weekend and (open_start or _is_start_of_weekend(since)) and _is_everybody(cells, scope, why)
    is_broken = bool(broken) and not weekend
    if not broken and (split := scope.split()) and split.before - split.after < MIN_DROP:
        return None
    hit = _hit(scope, why)
    shift = _shift(sparse[fall], weekend=weekend)
    told = _subject(scope, why) if is_broken else mixed(scope) if shift is OTHER_TRAFFIC else {}
    subject = {"provider": fall.slice.provider} | told
    return Event(
        fall=fall,
        subject=subject,
        broken=is_broken,
        since=since,
        open_start=open_start,
        until=grid.hour(fall.end),
        days=(fall.end - max(fall.start, window.start)) / 24,
        cells=hit,
        around=scope,
        cause=why,
        mechanism=_mechanism(hit, why, subject, since, look) if is_broken else shift,
        loss=loss(hit),
        lead_hours=_lead(grid, why, fall) if why.neighbour else None,
    )


def _clearest(group: Sequence[Fall], why: Cause) -> Fall:
    """Of the falls (the clearest comes first) one of the culprit, or of a tenant beside the suspected neighbour."""
    own = [fall for fall in group if why.named.get(fall.slice.level) == fall.slice.key]
    if why.neighbour:
        own = [fall for fall in group if fall.slice.level == "tenant" and fall.slice.key != why.neighbour.tenant]
    return own[0] if own else group[0]


def _is_start_of_weekend(since: datetime) -> bool:
    """Friday 15:00 to Saturday 15:00 UTC: somewhere it is midnight."""
    return (since - timedelta(hours=15)).weekday() == FRIDAY


def _is_everybody(cells: Cells, scope: Cells, why: Cause) -> bool:
    """No tenant and no prompt stands out from others: within what fell, and from what did not fall."""
    if any(name in why.named and scope.frame[name].n_unique() > 1 for name in ("tenant", "prompt")):
        return False
    others = cells.without(scope)
    return others.both["calls_after"].sum() < TELLING_CALLS or others.fall() >= SPARED * scope.fall()


def _hit(scope: Cells, why: Cause) -> Cells:
    """The cells that were hit: the culprit's own, or those of all but the suspected neighbour."""
    hit = scope.where(pl.col("tenant") != why.neighbour.tenant) if why.neighbour else scope
    for dimension, value in why.named.items():
        hit = hit.where(pl.col(dimension) == value)
    return hit


def _scope(cells: Cells, group: Sequence[Fall]) -> Cells:
    """The widest slices of a group: models if some fell, else prompts and tenants."""
    wide = [fall for fall in group if fall.slice.level == "model"] or list(group)
    return cells.where(pl.any_horizontal(_of(fall) for fall in wide))


def _sparse(fall: Fall, group: Sequence[Fall], cells: Cells, grid: Grid, watched: Watched) -> float:
    """Share of a fall that fewer calls explain. The others are those of its level that did not fall."""
    fell = [_of(each) for each in group if each.slice.level == fall.slice.level]
    others = cells.where(~pl.any_horizontal(fell))
    return sparser(cells.where(_of(fall)), others, quiet_share(grid, watched.usable, fall))


def _is_rate(cells: Cells) -> bool:
    """Whether rates fell within cells, or only the traffic is another."""
    split = cells.split()
    return split is not None and -float(split.rate.sum()) >= MIN_DROP


def _subject(scope: Cells, why: Cause) -> dict[str, str]:
    """The culprit; for a fall of all, the model if there is one, and the neighbour that is suspected."""
    named = dict(why.named)
    if "tenant" not in named and scope.frame["prompt"].n_unique() == 1:
        named.pop("prompt", None)  # the only one there is: it says nothing
    if why.neighbour:
        named.pop("prompt", None)
        named["tenant"] = why.neighbour.tenant
    return named


def _shift(sparse: float, *, weekend: bool) -> Mechanism:
    if sparse >= MOSTLY_SPARSE:
        return Mechanism("sparser_traffic", "fewer calls, so that prefixes expire between them")
    if weekend:
        return Mechanism("weekend", "a weekend, and there is no earlier one to compare it with")
    return OTHER_TRAFFIC


def _mechanism(cells: Cells, why: Cause, subject: dict[str, str], since: datetime, look: Look) -> Mechanism:
    if why.neighbour:
        return Mechanism("neighbour", f"suspected: the traffic of {why.neighbour.tenant} crowded out other prefixes")
    values = look.prefixes(subject, since)
    found = UNKNOWN if values is None else mechanism(values)
    if found is UNKNOWN and _writes_more(cells):
        return Mechanism("writes_rose", "prefixes are written to the cache again and again: see what changes in them")
    return found


def _writes_more(cells: Cells) -> bool:
    """Whether at least a fifth of what is no longer read is written instead."""
    both = cells.both
    written = both["written_after"] - both["tokens_after"] * both["written_before"] / both["tokens_before"]
    missed = both["tokens_after"] * both["cached_before"] / both["tokens_before"] - both["cached_after"]
    return bool(float(written.sum()) > 0.2 * float(missed.sum()) > 0)


def _lead(grid: Grid, why: Cause, fall: Fall) -> int | None:
    """Hours from the neighbour's first crowded hour to the break; 0: the same hour."""
    rows = [
        row
        for row, each in enumerate(grid.slices)
        if (each.provider, each.level) == (fall.slice.provider, "tenant")
        and why.neighbour
        and each.key == why.neighbour.tenant
    ]
    if not rows or not why.neighbour:
        return None
    middle = (why.neighbour.tokens_per_hour_before + why.neighbour.tokens_per_hour_after) / 2
    columns = [
        c for c in range(max(fall.start - 6, 0), min(fall.start + 2, grid.width)) if grid.tokens[rows[0], c] >= middle
    ]
    return max(fall.start - columns[0], 0) if columns else None


def _absorbed(fall: Fall, event: Event, cells: Cells) -> bool:
    """Whether a fall is told by an event: it is the culprit's, or it is none without the culprit."""
    if fall is event.fall:
        return True
    if fall.slice.provider != event.fall.slice.provider or not _together(fall, event.fall, 10**6):
        return False
    if event.cause.named.get(fall.slice.level) == fall.slice.key:
        return True
    if not event.cause.named or event.cause.neighbour:
        return _together(fall, event.fall, ABSORBED)
    culprit = pl.all_horizontal(pl.col(dimension) == value for dimension, value in event.cause.named.items())
    rest = cells.where(_of(fall) & ~culprit)
    share = float(rest.frame["tokens_after"].sum()) / max(
        float(cells.where(_of(fall)).frame["tokens_after"].sum()), 1.0
    )
    return rest.fall() * share < max(MIN_DROP, fall.drop / 4)
