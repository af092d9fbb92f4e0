from __future__ import annotations

import json
from pathlib import Path

import pytest

from spanledger.access import KeyRing
from spanledger.access.sessions import ENDED, LIFE_SECONDS, Session, Sessions
from spanledger.settings import Settings


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def ring(data_dir: Path, *keys: str) -> KeyRing:
    return KeyRing(Settings.model_validate({"data_dir": data_dir, "api_keys": ",".join(keys)}))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def begun(tmp_path: Path, clock: Clock) -> tuple[Sessions, str, Session]:
    keys = ring(tmp_path, "one", "two")
    sessions = Sessions(tmp_path, keys, clock)
    key = keys.find(b"Bearer two")
    assert key
    cookie = sessions.open(key)
    session = sessions.read(cookie)
    assert session
    assert session.key == key
    return sessions, cookie, session


def test_a_session_ends_by_itself_and_by_logging_out(tmp_path: Path, clock: Clock) -> None:
    sessions, cookie, session = begun(tmp_path, clock)
    clock.now += LIFE_SECONDS - 1
    assert sessions.read(cookie) == session
    clock.now += 1
    assert sessions.read(cookie) is None
    sessions, cookie, session = begun(tmp_path, clock)
    sessions.end(session)
    assert sessions.read(cookie) is None


def test_it_outlives_a_restart_but_not_its_key(tmp_path: Path, clock: Clock) -> None:
    _, cookie, session = begun(tmp_path, clock)
    assert Sessions(tmp_path, ring(tmp_path, "one", "two"), clock).read(cookie) == session
    assert Sessions(tmp_path, ring(tmp_path, "one", "other"), clock).read(cookie) is None
    assert Sessions(tmp_path, ring(tmp_path, "one"), clock).read(cookie) is None


def test_a_logout_outlives_a_restart_and_is_forgotten_when_the_cookie_has_expired(tmp_path: Path, clock: Clock) -> None:
    sessions, cookie, session = begun(tmp_path, clock)
    beside = Sessions(tmp_path, ring(tmp_path, "one", "two"), clock)
    assert beside.read(cookie) == session
    sessions.end(session)
    assert beside.read(cookie) is None
    assert Sessions(tmp_path, ring(tmp_path, "one", "two"), clock).read(cookie) is None
    assert (tmp_path / ENDED).stat().st_mode & 0o077 == 0
    clock.now += LIFE_SECONDS
    other = beside.read(beside.open(session.key))
    assert other
    beside.end(other)
    assert list(json.loads((tmp_path / ENDED).read_bytes())) == [other.nonce]


def test_no_part_of_a_cookie_can_be_changed(tmp_path: Path, clock: Clock) -> None:
    sessions, cookie, session = begun(tmp_path, clock)
    for place in range(len(cookie)):
        changed = cookie[:place] + ("0" if cookie[place] != "0" else "1") + cookie[place + 1 :]
        assert sessions.read(changed) is None, changed
    for forged in ("", "....", "setting-2.9.x.", "a" * 5000, f"{session.text}.{sessions.csrf(session)}", "ü.1.é.x"):
        assert sessions.read(forged) is None


def test_each_session_has_its_own_token_of_changes(tmp_path: Path, clock: Clock) -> None:
    sessions, _, session = begun(tmp_path, clock)
    other = sessions.read(sessions.open(session.key))
    assert other
    assert len({sessions.csrf(session), sessions.csrf(other)}) == 2
