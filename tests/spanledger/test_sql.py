"""Statements that are shown: values are literals, whatever is in them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from spanledger.engine import Engine
from spanledger.sql import Plain, shown

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
HOSTILE = "'; DROP TABLE spans; -- \\' {x:String} {{ y }}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A template of each kind of value."""
    folder = tmp_path_factory.mktemp("shown")
    (folder / "all.sql").write_text("SELECT {{ column }}, {{ texts }}, {{ number }}, toString({{ at }}) AS at\n")
    return folder


@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(TEXTS | st.just(HOSTILE), min_size=2, max_size=3), number=st.integers(-(2**31), 2**31))
def test_values_come_back_as_they_are(engine: Engine, folder: Path, texts: list[str], number: int) -> None:
    at = datetime(2026, 11, 21, 10, tzinfo=UTC)
    statement = shown(folder / "all.sql", column=Plain("1 + 1"), texts=texts, number=number, at=at)
    assert engine.rows(statement) == [[2, texts, number, "2026-11-21 10:00:00.000"]]


def test_what_has_no_literal_is_refused(folder: Path) -> None:
    values = {"column": Plain("1"), "texts": "a", "number": 1}
    with pytest.raises(TypeError, match="no literal for None"):
        shown(folder / "all.sql", **values, at=None)
    with pytest.raises((TypeError, UndefinedError)):
        shown(folder / "all.sql", **values)
