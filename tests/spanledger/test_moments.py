"""Times: what people write is what statements get, or a sentence says why not."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanledger.moments import FIRST, LAST, as_parameter, read_moment, utc

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1), timezones=st.one_of(st.none(), ZONES))


@given(MOMENTS)
def test_what_is_written_is_read(moment: datetime) -> None:
    assert read_moment(f" {moment.isoformat()} ") == utc(moment)
    assert read_moment(moment.isoformat(sep=" ")).tzinfo is UTC
    assert datetime.fromisoformat(as_parameter(moment)).replace(tzinfo=UTC) == utc(moment).replace(
        microsecond=moment.microsecond // 1000 * 1000
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("soon", "'soon' is no time; write 2026-11-21 or 2026-11-21T10:00:00Z"),
        ("", "'' is no time"),
        ("x" * 100, f"'{'x' * 40}' is no time"),
        ("1969-12-31", "'1969-12-31' is not between the years 1970 and 2200"),
        ("2200-01-01", "is not between"),
        ("9999-12-31T23:59:59-14:00", "is not between"),
        ("0001-01-01T00:00:00+14:00", "is not between"),
    ],
)
def test_what_is_no_time_is_told(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        read_moment(text)


def test_the_bounds() -> None:
    assert read_moment("1970-01-01") == FIRST
    assert read_moment("2199-12-31T23:59:59Z") < LAST
