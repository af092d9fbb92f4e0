from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from collector.drain import CRASHES
from collector.identity import read_identity
from collector.quarantine import Quarantine, Rejected
from collector.signals import TRACES
from spanledger.engine import Engine
from tests.collector.conftest import Shop

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def quarantine(engine: Engine, shop: Shop) -> Quarantine:
    return Quarantine(engine, shop.data_dir, time.time)


def _of(shop: Shop, entries: list[Rejected]) -> list[Rejected]:
    """The table is shared by all tests."""
    return [entry for entry in entries if entry.file in shop.kept()]


def _retry(shop: Shop, quarantine: Quarantine) -> list[str]:
    names = set(shop.kept())
    return [reason for entry, reason in quarantine.retry() if entry.file in names]


@pytest.mark.usefixtures("cure")
def test_what_is_refused_is_listed(shop: Shop, quarantine: Quarantine) -> None:
    shop.accept(shop.body("good"), shop.body("poison", "beside it"), items=2)
    shop.drain.drain_all()
    [entry] = _of(shop, quarantine.rejected())
    assert (entry.signal, entry.items, entry.bytes) == ("traces", 2, len(shop.kept()[entry.file]))
    assert "It is poison" in entry.reason


def test_a_retry_while_nothing_has_changed_keeps_it(
    shop: Shop, quarantine: Quarantine, cure: Callable[[], None]
) -> None:
    shop.accept(shop.body("good"), shop.body("poison"))
    shop.drain.drain_all()
    before = shop.kept()
    [reason] = _retry(shop, quarantine)
    assert "It is poison" in reason
    assert shop.kept() == before
    assert len(_of(shop, quarantine.rejected())) == 1
    assert shop.names() == {"good": 1}
    cure()
    assert _retry(shop, quarantine) == [""]


def test_a_retry_stores_once(shop: Shop, quarantine: Quarantine, cure: Callable[[], None]) -> None:
    shop.accept(shop.body("good"), shop.body("poison"))
    shop.drain.drain_all()
    [(name, content)] = shop.kept().items()
    cure()
    assert _retry(shop, quarantine) == [""]
    assert shop.names() == {"good": 1, "poison": 1}
    assert not shop.kept()
    assert [state for *_, state in shop.rejected()] == ["stored"]
    assert _retry(shop, quarantine) == []

    # a crash between the insert and the note that it is stored: the file is still there, the row still says so
    (shop.data_dir / "quarantine" / name).write_bytes(content)
    [[token, *_]] = shop.rejected()
    identity = read_identity(shop.data_dir)
    assert identity
    quarantine.keep(f"{identity.id}/{token}", TRACES, 1, content, "It is poison")
    assert _retry(shop, quarantine) == [""]
    assert shop.names() == {"good": 1, "poison": 1}


def test_a_segment_that_killed_the_process_can_be_stored_later(shop: Shop, quarantine: Quarantine) -> None:
    shop.accept(shop.body("a"), shop.body("b"))
    identity = read_identity(shop.data_dir)
    assert identity
    note = {"token": f"{identity.id}/traces/{int(shop.segment().stem)}", "starts": CRASHES}
    (shop.data_dir / "drain-traces.json").write_text(json.dumps(note))
    shop.drain.drain_all()
    assert not shop.names()
    assert _retry(shop, quarantine) == [""]
    assert shop.names() == {"a": 1, "b": 1}


def test_a_file_that_somebody_removed_is_said_to_be_gone(
    shop: Shop, quarantine: Quarantine, cure: Callable[[], None]
) -> None:
    shop.accept(shop.body("poison"))
    shop.drain.drain_all()
    [entry] = _of(shop, quarantine.rejected())
    (shop.data_dir / "quarantine" / entry.file).unlink()
    cure()
    reasons = {again.file: reason for again, reason in quarantine.retry()}
    assert reasons[entry.file].endswith("is gone.")


def test_keeping_twice_is_keeping_once(engine: Engine, shop: Shop) -> None:
    moments = iter([NOW, NOW + timedelta(seconds=1)])
    quarantine = Quarantine(engine, shop.data_dir, lambda: next(moments).timestamp())
    for _ in range(2):
        quarantine.keep(f"{shop.name}/1/0-9", TRACES, 1, b"a body", "why")
    [entry] = _of(shop, quarantine.rejected())
    assert (entry.bytes, entry.reason) == (6, "why")
    assert list(shop.kept().values()) == [b"a body"]
