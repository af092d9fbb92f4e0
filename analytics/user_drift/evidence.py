"""What is looked up for a family that moved: what users wrote, how tasks ended, what calls cost."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analytics.jobs.contract import Window
from analytics.jobs.source import Source
from analytics.user_drift import words
from analytics.user_drift.evaluations import goodness
from analytics.user_drift.judge import Moved
from analytics.user_drift.layers import sketches
from analytics.user_drift.quality import Quality, is_good, quality
from analytics.user_drift.sampling import Sample
from analytics.user_drift.shift import Floats, Shift
from analytics.user_drift.topics import Topic, topics
from spanledger.moments import as_parameter

HERE = Path(__file__).parent
TEXTS = 100
"""Messages of each side that are looked up for words."""
TOPIC_TEXTS, TOPICS = 30, 3
"""... and of each of the topics that moved most."""
GROUPS = 10
COST_DAYS = timedelta(days=28)
"""Costs before are those of so many days at most."""


@dataclass(frozen=True)
class Evidence:
    """What is known beyond the shift itself; what is empty or None is not known."""

    up: Sequence[words.Word] = ()
    down: Sequence[words.Word] = ()
    topics: Sequence[Topic] = ()
    topic_words: Mapping[int, Sequence[str]] = field(default_factory=dict)
    quality: Quality | None = None
    cost_before: float | None = None
    """Dollars a call."""
    cost_since: float | None = None
    calls_since: int = 0
    """Within the window."""

    @property
    def extra_usd(self) -> float | None:
        """What the window's calls since cost more than they would have at the price of a call before."""
        if self.cost_before is None or self.cost_since is None:
            return None
        return (self.cost_since - self.cost_before) * self.calls_since


def gather(source: Source, moved: Moved, samples: Sequence[Sample], window: Window, since: datetime) -> Evidence:
    """Look everything up; `samples`: where the rows are from."""
    rows = moved.verdict.family.rows[moved.main.sides.places]
    current = moved.main.sides.current
    wrote = next((shift for shift in moved.shifts if shift.layer == "content"), None)
    found, up, down, topic_words = _wrote(source, moved, wrote) if wrote else ((), [], [], {})
    before, after, calls = _costs(source, moved, samples[0].window.since, window, since)
    ended = _quality(source, samples, rows, current, _groups(moved.main.compared))
    if ended is None:
        ended = _scored(source, Window(samples[0].window.since, window.until), rows, current, moved.main.compared)
    return Evidence(up, down, found, topic_words, ended, before, after, calls)


def _groups(score: Floats) -> NDArray[np.intp]:
    """Groups along which users moved: the bins of a layer, tenths of the classifier's scores."""
    edges = np.unique(np.quantile(score, np.arange(1, GROUPS) / GROUPS, method="inverted_cdf"))
    return np.searchsorted(edges, score)


def _wrote(
    source: Source, moved: Moved, shift: Shift
) -> tuple[Sequence[Topic], list[words.Word], list[words.Word], Mapping[int, Sequence[str]]]:
    """(topics that moved, words that are more frequent, less frequent, words of each topic)."""
    rows, current = moved.verdict.family.rows[shift.sides.places], shift.sides.current
    group, found = topics(sketches(rows), current, zlib.crc32(moved.verdict.family.name.encode()))
    return found, *_words(source, rows, current, group, found)


def _words(
    source: Source, rows: pl.DataFrame, current: NDArray[np.bool_], group: NDArray[np.int64], found: Sequence[Topic]
) -> tuple[list[words.Word], list[words.Word], Mapping[int, Sequence[str]]]:
    """(more frequent, less frequent, what tells each topic from the rest)."""
    rng = np.random.default_rng(len(rows))
    said = (rows["user_characters"] > 0).to_numpy()
    sides = [rng.permutation(np.flatnonzero(said & side))[:TEXTS] for side in (~current, current)]
    if not min(len(side) for side in sides):
        return [], [], {}
    of_topic = {
        topic.number: rng.permutation(np.flatnonzero(said & (group == topic.number)))[:TOPIC_TEXTS]
        for topic in found[:TOPICS]
    }
    texts = _texts(source, rows[np.unique(np.concatenate([*sides, *of_topic.values()]))])

    def said_by(places: NDArray[np.intp]) -> list[tuple[str, str]]:
        chosen = rows[places].select("trace_id", "tenant", "user", "session").iter_rows()
        return [
            (f"{tenant} {user or session or trace}", texts[trace])
            for trace, tenant, user, session in chosen
            if trace in texts
        ]

    before, since = (said_by(side) for side in sides)
    up, down = words.moved(before, since)
    told = {
        number: [word.word for word in words.moved(before + since, said_by(places), 5)[0]]
        for number, places in of_topic.items()
    }
    return up, down, told


def _texts(source: Source, rows: pl.DataFrame) -> dict[str, str]:
    if rows.is_empty():
        return {}
    answer = source.frame(
        HERE / "texts.sql",
        {
            "moments": rows["moment"].to_list(),
            "traces": rows["trace_id"].to_list(),
            "days": sorted({moment[:10] for moment in rows["moment"]}),
        },
    )
    return dict(zip(answer["trace_id"], answer["text"], strict=True))


def _quality(
    source: Source, samples: Sequence[Sample], rows: pl.DataFrame, current: NDArray[np.bool_], group: NDArray[np.intp]
) -> Quality | None:
    ids = rows["trace_id"].to_list()
    frames = [source.frame(HERE / "outcomes.sql", {**sample.parameters(), "traces": ids}) for sample in samples]
    ended = {trace: is_good(outcome) for frame in frames for trace, outcome in frame.iter_rows()}
    return _of_known(ids, ended, current, group, "outcomes of tasks")


def _scored(
    source: Source, window: Window, rows: pl.DataFrame, current: NDArray[np.bool_], score: Floats
) -> Quality | None:
    """By what evaluations say, where nobody says how tasks ended."""
    ids = rows["trace_id"].to_list()
    found = source.frame(HERE / "scores.sql", {**window.parameters(), "traces": ids})
    name, good = goodness(found, rows.filter(pl.Series(~current))["trace_id"].to_list())
    return _of_known(ids, good, current, _groups(score), f"evaluation {name}")


def _of_known(
    ids: Sequence[str], good: Mapping[str, bool], current: NDArray[np.bool_], group: NDArray[np.intp], by: str
) -> Quality | None:
    known = np.array([trace in good for trace in ids])
    fine = np.array([good.get(trace, False) for trace in ids])
    return quality(fine[known], current[known], group[known], by)


def _costs(
    source: Source, moved: Moved, earliest: datetime, window: Window, since: datetime
) -> tuple[float | None, float | None, int]:
    """(dollars a call before, since, calls since within the window); None where they are not known."""
    family = moved.verdict.family
    hour = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    names = {
        "prompt": family.name if family.kind == "prompt" else "",
        "feature": family.name if family.kind == "feature" else "",
    }
    start = window.since.replace(minute=0, second=0, microsecond=0)
    span = {"from": max(earliest, hour - COST_DAYS), "to": window.until, "since": hour, "window_from": start}
    answer = source.frame(HERE / "costs.sql", {**names, **{key: as_parameter(moment) for key, moment in span.items()}})
    [(calls_before, calls_since, calls_in_window, cost_before, cost_since)] = answer.iter_rows()
    before = cost_before / calls_before if calls_before and cost_before is not None else None
    after = cost_since / calls_since if calls_since and cost_since is not None else None
    return before, after, int(calls_in_window)
