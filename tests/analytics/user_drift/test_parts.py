"""Parts of the job by themselves: sampling, families, matching, timing, words, quality."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from analytics import user_drift
from analytics.jobs.contract import Window
from analytics.jobs.source import Source
from analytics.user_drift import words
from analytics.user_drift.compare import compare, lengths
from analytics.user_drift.evaluations import goodness
from analytics.user_drift.families import Family, families, units
from analytics.user_drift.judge import days_back
from analytics.user_drift.matching import matched
from analytics.user_drift.quality import is_good, quality
from analytics.user_drift.sampling import FEWEST_SLOTS, SPANS_READ, Sample, same_hours, sample
from analytics.user_drift.topics import topics
from spanledger.engine import Engine

UNTIL = datetime(2026, 11, 16, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TENANTS = ["t0", "t1", "t2", "t3", "t4"]
HERE = Path(user_drift.__file__).parent


def rows(count: int, seed: int = 1, days: int = 20) -> pl.DataFrame:
    """Calls of one prompt with users, tenants and nothing else."""
    rng = np.random.default_rng(seed)
    user = rng.integers(0, 60, count)
    at = [UNTIL - timedelta(days=float(back)) for back in np.sort(rng.random(count) * days)[::-1]]
    frame = pl.DataFrame({"at": at, "user": [f"u{who}" for who in user], "tenant": [f"t{who % 5}" for who in user]})
    return frame.with_columns(
        pl.int_range(pl.len()).cast(pl.String).alias("trace_id"),
        *(
            pl.lit(value).alias(name)
            for name, value in {"session": "", "version": "1", "hash": "", "model": "m"}.items()
        ),
        family_kind=pl.lit("prompt"),
        family=pl.lit("p"),
        family_calls=pl.lit(count),
        back=days_back(frame["at"], Window(UNTIL - 7 * DAY, UNTIL)),
    )


def family(changed: pl.DataFrame) -> Family:
    [found] = families(changed)
    return found


@given(st.integers(0, 10**10), st.integers(1, 60))
@tried(max_examples=60, deadline=None)
def test_what_is_read_is_bounded(spans: int, days: int) -> None:
    window = Window(UNTIL - days * DAY, UNTIL)
    one = sample(window, spans)
    least = FEWEST_SLOTS * spans / (days * 1440)  # of a minute each
    assert one.share * spans <= 2.5 * max(SPANS_READ, least) + 1
    assert len(one.starts) <= max(24 * days, 500)  # it travels as a parameter
    assert all(window.since <= start < window.until and start.minute % one.minutes == 0 for start in one.starts)
    if one.starts and days > 2:
        hours = {start.hour // 3 for start in one.starts}
        assert len(hours) == 8  # all parts of the day


def test_the_same_hours_of_earlier_days() -> None:
    window = Window(UNTIL + 9 * HOUR, UNTIL + 10 * HOUR)
    one = same_hours(window, Window(window.since - 14 * DAY, window.since), 10_000)
    assert len(one.starts) == 14 * 4
    assert {start.hour for start in one.starts} == {9}


def test_a_slot_is_read_without_its_neighbours(engine: Engine) -> None:
    engine.command("TRUNCATE TABLE spans SYNC")
    engine.command(
        "INSERT INTO spans (trace_id, started_at, operation, billable, prompt_name) SELECT hex(number), "
        "toDateTime64('2026-11-01', 9, 'UTC') + toIntervalMillisecond(number * 200), 'chat', true, 'p' "
        "FROM numbers(430000)"
    )
    source = Source(engine)
    window = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
    slots = Sample(window, 60, [window.since + 3 * HOUR, window.since + 20 * HOUR])
    found = source.frame(HERE / "calls.sql", {**slots.parameters(), "rows": 50_000, "all_rows": 50_000})
    assert len(found) == 2 * 18_000
    assert set(found["at"].dt.hour()) == {3, 20}
    assert source.rows_read < 80_000
    engine.command("TRUNCATE TABLE spans SYNC")


@pytest.mark.parametrize(
    ("days", "history", "spread", "tried_lengths"),
    [
        (7, True, 63, [2, 4, 7]),
        (7, True, 9, [2, 4]),
        (7, False, 7, [2, 4]),
        (1, True, 20, [1]),
        (2, False, 2, [1]),
        (35, False, 35, [2, 4, 7, 14, 21]),
        (1, False, 1, []),
    ],
)
def test_lengths_of_the_current_part(days: int, history: bool, spread: int, tried_lengths: list[int]) -> None:
    assert lengths(days, history, spread) == tried_lengths


def test_a_version_is_held_since_it_came() -> None:
    calls = rows(4000).with_columns(version=pl.when(pl.col("back") < 9).then(pl.lit("2")).otherwise(pl.lit("1")))
    assert family(calls).held_days(7) == 9
    assert family(rows(4000)).held_days(7) == 20
    canary = calls.with_columns(
        version=pl.when(pl.col("trace_id").hash() % 20 == 0).then(pl.lit("2")).otherwise("version")
    )
    assert family(canary).held_days(7) == 9  # a twentieth of the calls is no reference


def test_a_new_tenants_own_prompt_is_no_deploy() -> None:
    new = (pl.col("back") < 5) & (pl.col("trace_id").hash() % 2 == 0)
    calls = rows(4000).with_columns(
        tenant=pl.when(new).then(pl.lit("newcomer")).otherwise("tenant"),
        hash=pl.when(new).then(pl.lit("x")).otherwise("hash"),
    )
    assert family(calls).held_days(7) == 20


def test_units_fall_back_from_users_to_sessions_to_traces() -> None:
    calls, current = rows(1000), np.arange(1000) >= 500
    assert units(calls, current, TENANTS, 10)[0] == "user"
    few = calls.with_columns(user=pl.lit("service-account"), session=pl.col("trace_id").str.slice(0, 2))
    assert units(few, current, TENANTS, 10)[0] == "session"
    name, who = units(calls.with_columns(user=pl.lit("")), current, TENANTS, 10)
    assert (name, len(set(who))) == ("trace", 1000)


def test_users_of_small_tenants_are_one_unit() -> None:
    calls = rows(1000).with_columns(tenant=pl.concat_str(pl.lit("s"), pl.col("user").str.slice(1).cast(pl.Int64) // 3))
    name, who = units(calls, np.arange(1000) >= 500, [], 10)
    assert (name, len(set(who))) == ("user", 20)
    assert len(set(units(calls, np.arange(1000) >= 500, ["s0", "s1"], 10)[1])) == 18 + 6
    assert len(set(units(calls, np.arange(1000) >= 500, [], 30)[1])) == 60  # too few tenants to permute


@given(st.integers(0, 1000))
@tried(max_examples=25, deadline=None)
def test_matched_rows_have_the_same_mix_on_both_sides(seed: int) -> None:
    calls = rows(3000, seed)
    rng = np.random.default_rng(seed)
    tilt = np.where(calls["tenant"] == "t1", 0.6, 0.2)
    current = (rng.random(3000) < tilt) & (calls["back"] < 10).to_numpy()
    table = calls.with_columns(key=pl.when(pl.col("user") < "u3").then(1).otherwise(0).cast(pl.Int64))
    places = matched(table, current, TENANTS, 1000, rng)
    chosen, side = table[places], current[places]
    assert max(side.sum(), (~side).sum()) <= 1050
    assert len(np.unique(places)) == len(places)
    for share in (chosen["tenant"] == "t1", chosen["at"].dt.weekday() >= 6, chosen["key"] == 1):
        now, before = share.to_numpy()[side].mean(), share.to_numpy()[~side].mean()
        assert abs(now - before) < 0.12


def test_sides_with_nothing_in_common_are_not_compared() -> None:
    table = rows(100).with_columns(key=pl.int_range(pl.len()).cast(pl.Int64))
    assert len(matched(table, np.arange(100) >= 50, [], 100, np.random.default_rng(1))) == 0


def test_a_word_needs_several_writers() -> None:
    before = [(f"user {n}", '{"role":"user","content":"my invoice is wrong"}') for n in range(40)]
    since = [(f"user {n}", '{"role":"user","content":"my python is wrong"}') for n in range(40)]
    up, down = words.moved(before, since)
    assert ([word.word for word in up], [word.word for word in down]) == (["python"], ["invoice"])
    assert words.moved(before, [("one", text) for _, text in since])[0] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"a plain text"', {"plain", "text"}),
        ("no JSON at all", {"no", "json", "at", "all"}),
        ('{"role":"user","parts":[{"type":"text","content":"hello"}]}', {"hello"}),
        ('{"role":"user","content":[{"type":"text","text":"call 4111 or ab12 now"}]}', {"call", "or", "now"}),
        ('{"content":"請求書"}', {"請求", "求書"}),
        ("[" * 5000, set()),
    ],
)
def test_words_of_a_message(text: str, found: set[str]) -> None:
    assert words.words(text) == found


def test_a_topic_that_grew_and_one_that_is_new() -> None:
    rng = np.random.default_rng(3)
    centres = rng.random((5, 256)) < 0.15

    def say(topic: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        return (centres[topic] ^ (rng.random((len(topic), 256)) < 0.02)).astype(float)

    before, since = rng.choice(4, 800, p=[0.4, 0.3, 0.2, 0.1]), rng.choice(5, 800, p=[0.4, 0.0, 0.2, 0.1, 0.3])
    group, found = topics(say(np.concatenate([before, since])), np.arange(1600) >= 800, seed=1)
    gone = sum(min(topic.since - topic.before, 0) for topic in found)
    new = next(topic for topic in found if topic.number == -1)
    assert -0.35 < gone < -0.1  # clusters that lost less than three points are not told
    assert new.since == pytest.approx(0.3, abs=0.05)
    assert new.low < 0.3 - new.before < new.high
    assert set(group[before.size :][since == 4]) == {-1}


@pytest.mark.parametrize(
    ("typical", "moved_to", "found"), [(218, 219, False), (218, 222, False), (218, 245, True), (1400, 1470, True)]
)
def test_sizes_that_hardly_differ_have_not_moved(typical: int, moved_to: int, found: bool) -> None:
    """Sizes that are nearly all the same have a large PSI from one token to the next, and it is as sure as can be."""
    calls = rows(3000)
    since = pl.col("back") < 4
    jitter = pl.int_range(pl.len()) % 3
    empty = {"locale": "", "feature": "", "tool": "", "sketch": "", "service": "s"}
    calls = calls.with_columns(
        (pl.when(since).then(moved_to).otherwise(typical) + jitter).cast(pl.Float64).alias("input_tokens"),
        *(pl.lit(0.0).alias(name) for name in ("user_characters", "messages")),
        *(pl.lit(text).alias(name) for name, text in empty.items()),
    )
    verdict = compare(family(calls), [4], fewest=100, hours=False)
    assert verdict is not None
    [shift] = verdict.shifts
    assert shift.p_value <= 0.001
    assert shift.effect > 1
    assert shift.moved is found
    assert shift.size_change == pytest.approx(moved_to / typical - 1, rel=0.05)


@pytest.mark.parametrize(
    ("name", "rows_", "good"),
    [
        ("helpfulness", [("a", 0.9, ""), ("b", 0.2, "")], {"a": True, "b": False}),
        ("toxicity", [("a", 0.9, ""), ("b", 0.2, "")], {"a": False, "b": True}),
        ("relevance", [("a", 0.1, "good"), ("b", 0.9, "poor"), ("c", 0.9, "")], {"a": True, "b": False}),
        ("stars", [("a", 4.0, ""), ("b", 5.0, ""), ("c", 2.0, "")], {"a": True, "b": True, "c": False}),
    ],
)
def test_what_an_evaluation_calls_good(name: str, rows_: list[tuple[str, float, str]], good: dict[str, bool]) -> None:
    schema = {"trace_id": pl.String, "score": pl.Float64, "label": pl.String}
    scores = pl.DataFrame(rows_, schema, orient="row").with_columns(name=pl.lit(name))
    rare = pl.DataFrame({"trace_id": ["a"], "score": [0.0], "label": [""], "name": ["another"]})
    assert goodness(pl.concat([scores, rare.select(scores.columns)]), ["a", "b"]) == (name, good)
    assert goodness(scores.clear(), []) == ("", {})


def test_quality_is_split_into_mix_and_rate() -> None:
    group = np.repeat([0, 1, 0, 1], [800, 200, 200, 800])
    current = np.arange(2000) >= 1000
    good = np.concatenate(
        [np.arange(count) < rate * count for count, rate in ((800, 0.9), (200, 0.5), (200, 0.9), (800, 0.5))]
    )
    found = quality(good, current, group)
    assert found is not None
    assert (found.before, found.since) == pytest.approx((0.82, 0.58))
    assert (found.mix, found.rate) == pytest.approx((-0.24, 0.0))
    assert found.drop(0.03)
    assert not found.drop(0.3)
    assert quality(good[:1020], current[:1020], group[:1020]) is None


@pytest.mark.parametrize(
    ("outcome", "good"), [("success", True), (" Resolved", True), ("failure", False), ("abandoned", False)]
)
def test_outcomes(outcome: str, good: bool) -> None:
    assert is_good(outcome) is good


def test_evaluations_of_traces_are_looked_up(engine: Engine) -> None:
    """The newest word of each evaluation on each trace; a judge may take a day."""
    engine.command("TRUNCATE TABLE events SYNC")
    columns = ["time", "trace_id", "evaluation_name", "score_value", "score_label"]
    rows = [
        [UNTIL - 2 * HOUR, "a", "helpfulness", 0.9, ""],
        [UNTIL - HOUR, "a", "helpfulness", 0.1, ""],
        [UNTIL + 20 * HOUR, "b", "helpfulness", None, "good"],
        [UNTIL - HOUR, "b", "brevity", 0.5, ""],
        [UNTIL - HOUR, "b", "silent", None, ""],
        [UNTIL - HOUR, "c", "helpfulness", 0.9, ""],
        [UNTIL + 25 * HOUR, "a", "helpfulness", 0.8, ""],
    ]
    engine.insert("events", columns, rows)
    asked = Window(UNTIL - DAY, UNTIL).parameters() | {"traces": ["a", "b"]}
    found = Source(engine).frame(HERE / "scores.sql", asked)
    assert found.rows() == [
        ("brevity", "b", 0.5, ""),
        ("helpfulness", "a", 0.1, ""),
        ("helpfulness", "b", None, "good"),
    ]
    engine.command("TRUNCATE TABLE events SYNC")
