"""A disk that changes bytes costs the requests that they are in, and no others."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.salvage import Salvage, salvage
from collector.segment import HEADER_BYTES, Place, digest_of, pack_header

SEED = 7
NUMBER = 3
BODIES = [b"first", b"", b"x" * 5000, b"last"]


def record(body: bytes, number: int = NUMBER, seed: int = SEED) -> bytes:
    return pack_header(len(body), 9, 10, digest_of(body, seed), Place(number)) + body


def salvaged(tmp_path: Path, segment: bytes) -> tuple[Salvage, list[bytes]]:
    path = tmp_path / "segment"
    path.write_bytes(segment)
    with path.open("rb") as file:
        found = salvage(file, NUMBER, SEED)
    return found, [segment[each.offset : each.end] for each in found.records]


def test_a_whole_segment_is_one_run(tmp_path: Path) -> None:
    found, records = salvaged(tmp_path, b"".join(map(record, BODIES)))
    assert records == [record(body) for body in BODIES]
    assert (len(found.runs), found.damaged) == (1, [])
    assert salvaged(tmp_path, b"")[0] == Salvage()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(bodies=st.lists(st.binary(max_size=80), min_size=1, max_size=6), data=st.data())
def test_changed_bits_cost_their_own_requests(tmp_path: Path, bodies: list[bytes], data: st.DataObject) -> None:
    whole = [record(body) for body in bodies]
    segment = bytearray(b"".join(whole))
    for place in data.draw(st.sets(st.integers(0, len(segment) - 1), min_size=1, max_size=3)):
        segment[place] ^= 1 << data.draw(st.integers(0, 7))
    kept, start = [], 0
    for each in whole:
        if segment[start : start + len(each)] == each:
            kept.append(each)
        start += len(each)
    found, records = salvaged(tmp_path, bytes(segment))
    assert records == kept
    pieces = [*((run[0].offset, run[-1].end) for run in found.runs), *((d.start, d.end) for d in found.damaged)]
    edges = [0, *(end for _, end in sorted(pieces))]
    assert sorted(pieces) == list(pairwise(edges))
    assert edges[-1] == len(segment)


@pytest.mark.parametrize(("place", "items"), [(4, 0), (HEADER_BYTES - 1, 0), (HEADER_BYTES + 2, 9)])
def test_a_whole_header_tells_how_many_are_lost(tmp_path: Path, place: int, items: int) -> None:
    segment = bytearray(record(b"damaged") + record(b"whole"))
    segment[place] ^= 1
    [damage] = salvaged(tmp_path, bytes(segment))[0].damaged
    assert (damage.start, damage.end, damage.items) == (0, len(record(b"damaged")), items)


@pytest.mark.parametrize("inner", [record(b"x", number=NUMBER + 1), record(b"x", seed=SEED + 1), record(b"x")[:-1]])
def test_what_looks_like_a_record_within_a_damaged_one_is_none(tmp_path: Path, inner: bytes) -> None:
    segment = bytearray(record(b"a" + inner + b"b") + record(b"whole"))
    segment[4] ^= 1
    assert salvaged(tmp_path, bytes(segment))[1] == [record(b"whole")]


def test_a_record_behind_megabytes_of_damage_is_found(tmp_path: Path) -> None:
    for around in range(-HEADER_BYTES, HEADER_BYTES, 9):  # also across the edge of two pieces that are read
        segment = bytes(1024 * 1024 + around) + record(b"whole")
        assert salvaged(tmp_path, segment)[1] == [record(b"whole")]
