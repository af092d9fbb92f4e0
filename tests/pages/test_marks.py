"""What began in a range, on charts over time."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import parse_qsl

import orjson
import pytest

from dashboards import marks
from dashboards.asked import read as asked
from dashboards.boards.charts import hit_rate
from dashboards.charts import svg
from dashboards.marks import Mark
from dashboards.pages.home import ticks, times_of_series
from dashboards.triage_picture import picture, png_of
from spanledger.access import Scope, within
from spanledger.engine import Engine
from spanledger.moments import as_parameter
from tests.pages.conftest import HOSTILE

DAY = datetime(2026, 11, 20, tzinfo=UTC)
CALLS = (
    # hour of the day (below 0: the day before), model, prompt, version, tenant
    (-9, "old", "answer", "1", "acme"), (2, "old", "answer", "1", "acme"), (5, "old", "answer", "2", "acme"),
    (7, "old", "answer", "2", "acme"), (8, "new", "first of its kind", "1", "acme"),
    (9, "old", "answer", HOSTILE, "blue"),
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _sums(engine: Engine) -> Iterator[None]:
    rows = [
        {
            "slice": as_parameter(at := DAY + timedelta(hours=hour))[:19], "hour": as_parameter(at)[:19],
            "provider": "p", "model": model, "prompt_name": prompt, "prompt_version": version, "tenant": tenant,
            "calls": 3, "version": 1,
        }
        for hour, model, prompt, version, tenant in CALLS
    ]  # fmt: skip
    for table, part in (("usage_hours", rows[:3]), ("usage_slices", rows[3:])):
        engine.insert_raw(table, b"\n".join(map(orjson.dumps, part)), "JSONEachRow", {"insert_deduplicate": 0})
    yield
    for table in ("usage_hours", "usage_slices"):
        engine.command(f"TRUNCATE TABLE {table} SYNC")


def test_a_version_is_new_where_another_was_called_before(engine: Engine) -> None:
    found = marks.read(engine, DAY, DAY + timedelta(days=1))
    hours = [((mark.at / 1000 - DAY.timestamp()) / 3600, mark.kind, mark.title) for mark in found]
    assert hours == [
        (5, "prompt", "answer: version 2"),
        (8, "model", "model new"),
        (9, "prompt", f"answer: version {HOSTILE}"),
    ]
    assert found[0].link == "/prompts/versions?name=answer"
    with within(Scope(("acme",))):
        assert [mark.title for mark in marks.read(engine, DAY, DAY + timedelta(days=1))] == [
            "answer: version 2", "model new",
        ]  # fmt: skip


def test_marks_stand_on_charts_and_small_lines_at_their_time(engine: Engine) -> None:
    found = marks.read(engine, DAY, DAY + timedelta(days=1))
    chart = hit_rate({"series": [{"at": f"2026-11-20T{at:02}:00:00Z", "hit_rate": 0.5} for at in (4, 10)]})
    assert chart is not None
    drawn = svg(marks.marked(chart, found))
    assert "answer: version 2" in drawn
    assert {unescape(link) for link in re.findall('href="([^"]*)', drawn)} == {mark.link for mark in found}
    assert "<script" not in drawn
    given = asked("/", {"from": "2026-11-20T00:00Z", "to": "2026-11-21T00:00Z"}, DAY + timedelta(days=2))
    small = ticks(found, times_of_series(given), given)
    assert [x for _, x in small] == [34.5, 54.0, 60.5]


def test_a_card_names_what_began_next_to_the_break() -> None:
    hours = [DAY + timedelta(hours=hour) for hour in range(24)]
    triage = {
        "from": "2026-11-20T12:00:00Z", "to": "2026-11-21T00:00:00Z",
        "series": [{"at": f"{hour:%FT%TZ}", "cost": 1.0} for hour in hours],
    }  # fmt: skip
    began = [
        Mark("finding" if hour == 12 else "prompt", "", f"at {hour}", int(hours[hour].timestamp() * 1000), "/")
        for hour in (1, 9, 11, 12, 14, 16)
    ]
    chart, plain = picture(triage, began), picture(triage, [])
    assert chart is not None
    assert plain is not None
    named = re.findall(r">at (\d+)</text>", svg(chart))
    assert sorted(map(int, named)) == [9, 11, 14, 16], "versions before findings"
    assert svg(chart).count('aria-label="at 12"') == 1, "a line in the one panel"
    taller = [struct.unpack(">I", drawn[20:24])[0] for each in (began, []) if (drawn := png_of(triage, each))]
    assert taller[0] > taller[1]


def test_a_link_to_a_model_is_a_filter_over_the_day_after_it_began(engine: Engine) -> None:
    [model] = [mark for mark in marks.read(engine, DAY, DAY + timedelta(days=1)) if mark.kind == "model"]
    path, _, asked_for = model.link.partition("?")
    assert path == "/traces"
    assert dict(parse_qsl(asked_for)) == {
        "filter": 'model = "new"',
        "from": "2026-11-20T08:00:00+00:00",
        "to": "2026-11-21T08:00:00+00:00",
    }
