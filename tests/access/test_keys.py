from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from spanledger.access import KeyRing
from spanledger.access.keyring import COMMAND_FILE
from spanledger.access.keys import digest, id_of
from spanledger.access.store import KeyStore
from spanledger.engine import Engine
from spanledger.errors import BadRequest, BadSetting, NotFound
from spanledger.settings import KEYS_FILE, Settings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def here(settings: Settings, tmp_path: Path) -> Settings:
    """The tests' settings with a data directory in which no key was made."""
    return settings.model_copy(update={"data_dir": tmp_path})


@pytest.fixture
def store(engine: Engine, tmp_path: Path, clock: Clock) -> KeyStore:
    engine.command("TRUNCATE TABLE api_keys SYNC")
    return KeyStore(engine, tmp_path, clock)


def opened(ring: KeyRing, token: str) -> str:
    key = ring.find(f"Bearer {token}".encode())
    return key.name if key else ""


def test_a_key_opens_until_it_is_revoked(store: KeyStore, here: Settings, clock: Clock) -> None:
    ring = KeyRing(here, clock)
    assert ring.empty
    made = store.create("ci", "ingest")
    assert not ring.empty
    assert opened(ring, made["key"]) == "ci"
    assert opened(ring, made["key"] + "x") == opened(ring, "") == ""
    assert ring.find(f"Basic {made['key']}".encode()) is None
    store.revoke(made["key_id"])
    assert opened(ring, made["key"]) == ""
    assert not ring.empty, "revoking the last key must not open the service"
    assert store.revoke(made["key_id"])["revoked_at"] == "2026-11-21T12:00:00.000Z"


def test_a_key_expires(store: KeyStore, here: Settings, clock: Clock) -> None:
    ring = KeyRing(here, clock)
    made = store.create("guest", "read", ["acme"], datetime(2026, 11, 21, 13, tzinfo=UTC))
    clock.now += 3599
    assert opened(ring, made["key"]) == "guest"
    clock.now += 1
    assert opened(ring, made["key"]) == ""


def test_only_the_hash_is_kept(store: KeyStore, here: Settings, engine: Engine) -> None:
    made = store.create("ops", "admin")
    rows = json.dumps(engine.rows("SELECT * FROM api_keys"))
    file = here.data_dir / KEYS_FILE
    secret = made["key"].split("_", 2)[2]
    assert secret not in rows + file.read_text() + json.dumps(store.shown())
    assert digest(made["key"].encode()) in rows
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_another_process_sees_what_the_table_says(store: KeyStore, engine: Engine, tmp_path: Path) -> None:
    made = store.create("ci", "read", ["acme", "blue's"])
    other = tmp_path / "other"
    KeyStore(engine, other).publish()
    key = KeyRing(Settings.model_validate({"data_dir": other})).find(f"bearer {made['key']}".encode())
    assert key
    assert (key.role, key.tenants) == ("read", ("acme", "blue's"))


def test_keys_of_the_settings_administer(here: Settings) -> None:
    ring = KeyRing(here.model_copy(update={"api_keys": (SecretStr("one"), SecretStr("two"))}))
    found = [ring.find(b"Bearer one"), ring.find(b"Bearer two"), ring.find(b"Bearer three")]
    assert [key and (key.role, key.tenants) for key in found] == [("admin", ()), ("admin", ()), None]


def test_commands_of_this_user_have_a_key_that_closes_nothing(store: KeyStore, here: Settings) -> None:
    ring = KeyRing(here)
    store.renew_command_key()
    file = here.data_dir / COMMAND_FILE
    assert opened(ring, file.read_text()) == "command"
    assert ring.empty
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_when_a_key_was_used_is_known(store: KeyStore, here: Settings, clock: Clock) -> None:
    ring, made = KeyRing(here, clock), store.create("ci", "read")
    assert store.shown()[0]["used_at"] is None
    opened(ring, made["key"])
    store.note_uses(ring)
    clock.now += 60
    store.note_uses(ring)  # nothing new
    assert store.shown()[0]["used_at"] == "2026-11-21T12:00:00.000Z"


@pytest.mark.parametrize(
    ("name", "role", "tenants", "expires", "says"),
    [
        ("x", "root", [], None, "role is one of ingest, read, admin"),
        ("  ", "read", [], None, "needs a name"),
        ("x", "ingest", ["acme"], None, "Only a key of the role read"),
        ("x", "admin", ["acme"], None, "Only a key of the role read"),
        ("x", "read", [""], None, "tenant's name is empty"),
        ("x", "read", [], datetime(2026, 11, 21, 12, tzinfo=UTC), "expired already"),
    ],
)
def test_what_can_be_no_key(  # noqa: PLR0917  (one parameter a part of a key)
    store: KeyStore, name: str, role: str, tenants: list[str], expires: datetime | None, says: str
) -> None:
    with pytest.raises(BadRequest, match=says):
        store.create(name, role, tenants, expires)
    assert store.shown() == []


def test_an_unknown_key_is_not_revoked(store: KeyStore) -> None:
    with pytest.raises(NotFound, match="keys list"):
        store.revoke("abc")


def test_others_may_reach_a_service_that_has_a_key(store: KeyStore, here: Settings) -> None:
    open_to_all = here.model_copy(update={"host": "0.0.0.0"})
    with pytest.raises(BadSetting, match="SPANLEDGER_HOST"):
        open_to_all.checked()
    store.create("ops", "admin")
    assert open_to_all.checked()


@given(st.binary(max_size=60))
def test_no_bytes_break_the_form_of_a_key(token: bytes) -> None:
    assert isinstance(id_of(token), str)
