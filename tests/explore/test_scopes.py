"""A key of one tenant explores its own spans alone, also where a statement reads before it filters (PREWHERE)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from spanledger import explore
from spanledger.access import Scope, within
from spanledger.engine import Engine
from spanledger.errors import QueryRefused
from spanledger.explore import Question, Views
from tests.explore.conftest import DAY

ACME = Question(DAY, DAY + timedelta(days=1))
SPANS = 960
pytestmark = pytest.mark.usefixtures("day")


@pytest.fixture(autouse=True)
def _scope() -> Iterator[None]:
    with within(Scope.of(("acme",))):
        yield


def test_only_its_own_spans_are_counted(engine: Engine) -> None:
    assert explore.heat(engine, ACME).spans == SPANS
    found = explore.groups(engine, ACME)
    assert [(group.value, group.spans) for group in found.groups] == [("acme", SPANS)]
    assert (found.all.spans, found.groups[0].p95_ns) == (SPANS, found.all.p95_ns)
    assert {span["tenant"] for span in explore.newest(engine, ACME)} == {"acme"}


def test_only_its_own_values_are_completed(engine: Engine) -> None:
    assert [each["value"] for each in explore.values(engine, ACME, "tenant", "", 20)] == ["acme"]
    assert [each["value"] for each in explore.values(engine, ACME, 'attributes["team"]', "", 20)] == ["acme"]


def test_nothing_of_others_is_in_a_comparison(engine: Engine) -> None:
    question = Question(DAY, DAY + timedelta(days=1), select="tenant = blue")
    assert explore.compare(engine, question).selected == 0
    found = explore.compare(engine, Question(DAY, DAY + timedelta(days=1), select="operation = tool"))
    assert found.selected + found.others == SPANS
    shares = {share.value for each in found.attributes for share in each.shares}
    assert not {"blue", "coral", "for blue", "for coral"} & shares


def test_what_comes_in_is_its_own(engine: Engine) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    came = explore.tail(engine, "operation = chat", DAY + timedelta(hours=20), now).spans
    assert {span["tenant"] for span in came} == {"acme"}


def test_saved_views_are_of_those_who_see_all(engine: Engine) -> None:
    assert Views(engine).all() == []
    with pytest.raises(QueryRefused):
        Views(engine).save("mine", "")
