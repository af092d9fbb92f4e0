from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.segment import (
    HEADER_BYTES,
    OPEN,
    SEALED,
    SPARE,
    Place,
    SegmentWriter,
    digest_of,
    pack_header,
    recover,
    scan,
    segment_path,
)

SEED = 7
BODIES = [b"first", b"", b"x" * 5000, b"last"]


def _segment(bodies: list[bytes], number: int = 3, *, recycled: bool = False) -> bytes:
    return b"".join(
        pack_header(len(b), i, 10 + i, digest_of(b, SEED), Place(number, recycled)) + b for i, b in enumerate(bodies)
    )


def _scan(path: Path, data: bytes, seed: int | None = SEED) -> tuple[list[bytes], int, int]:
    path.write_bytes(data)
    with path.open("rb") as file:
        scanned = scan(file, 3, seed)
        bodies = [data[record.body_offset : record.end] for record in scanned]
    return bodies, scanned.valid_up_to, scanned.cut


def test_scan_gives_the_records_back(tmp_path: Path) -> None:
    data = _segment(BODIES)
    path = tmp_path / "segment"
    path.write_bytes(data)
    with path.open("rb") as file:
        records = list(scan(file, 3, SEED))
    assert [record.items for record in records] == [0, 1, 2, 3]
    assert [record.accepted_at for record in records] == [10, 11, 12, 13]
    assert [data[record.body_offset : record.end] for record in records] == BODIES
    assert records[1].offset == HEADER_BYTES + len(BODIES[0])
    assert {record.header_size for record in records} == {HEADER_BYTES}


def test_segment_is_one_valid_request(make_body: Callable[..., bytes]) -> None:
    segment = _segment([make_body("a", 2), make_body("b", 3)])
    request = ExportTraceServiceRequest.FromString(segment)
    names = [s.name for r in request.resource_spans for scope in r.scope_spans for s in scope.spans]
    assert names == ["a-0", "a-1", "b-0", "b-1", "b-2"]


def test_scan_needs_the_seed(tmp_path: Path) -> None:
    data = _segment(BODIES)
    assert _scan(tmp_path / "segment", data, SEED + 1) == ([], 0, len(data))
    assert _scan(tmp_path / "segment", data, None)[0] == BODIES


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.lists(st.binary(max_size=80), max_size=5), st.data())
def test_any_damage_leaves_a_prefix(tmp_path: Path, bodies: list[bytes], data: st.DataObject) -> None:
    segment = bytearray(_segment(bodies))
    segment = segment[: data.draw(st.integers(0, len(segment)))]
    if segment and data.draw(st.booleans()):
        segment[data.draw(st.integers(0, len(segment) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    found, valid, cut = _scan(tmp_path / "segment", bytes(segment))
    assert found == bodies[: len(found)]
    assert valid == sum(HEADER_BYTES + len(body) for body in found)
    assert valid + cut == len(segment)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_garbage_has_no_records(tmp_path: Path, garbage: bytes) -> None:
    assert _scan(tmp_path / "segment", garbage) == ([], 0, len(garbage))


def test_writer_seals_what_it_wrote(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, 5)
    writer.append([b"some", b"", b"bytes"] * 2000)  # more buffers than one writev takes
    assert segment_path(tmp_path, 5, OPEN).stat().st_size == writer.durable == 18_000
    assert writer.seal()
    assert segment_path(tmp_path, 5, SEALED).read_bytes() == b"somebytes" * 2000


def test_writer_removes_an_empty_segment(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, 5)
    assert not writer.seal()
    assert list(tmp_path.iterdir()) == []


def test_cut_takes_back_what_is_not_durable(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, 1)
    writer.append([b"kept"])
    writer._write([b"not yet"])
    writer.cut()
    writer.append([b", and more"])
    writer.seal()
    assert segment_path(tmp_path, 1, SEALED).read_bytes() == b"kept, and more"


@pytest.mark.parametrize("tail", [b"", b"\xc2\x3e", _segment([b"torn"])[:-1], b"\0" * 100])
def test_recover_keeps_the_tail_elsewhere(tmp_path: Path, tail: bytes) -> None:
    segment_path(tmp_path, 3, OPEN).write_bytes(_segment(BODIES) + tail)
    records, cut = recover(tmp_path, 3, SEED, tmp_path / "torn" / "3.bin")
    assert (len(records), cut) == (len(BODIES), len(tail))
    assert segment_path(tmp_path, 3, SEALED).read_bytes() == _segment(BODIES)
    if tail:
        assert (tmp_path / "torn" / "3.bin").read_bytes() == tail


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(
    st.lists(st.binary(max_size=80), max_size=5),
    st.lists(st.binary(max_size=80), min_size=1, max_size=5),
    st.integers(0, 60),
)
def test_what_an_older_segment_left_is_no_record(
    tmp_path: Path, new: list[bytes], older: list[bytes], torn: int
) -> None:
    segment_path(tmp_path, 2, SPARE).write_bytes(_segment(older, number=2))
    writer = SegmentWriter(tmp_path, 3)
    assert writer.recycled
    if new:
        writer.append([_segment(new, recycled=True)])
    unfinished = _segment([b"torn" * 10], recycled=True)[:torn]
    writer._write([unfinished])
    os.close(writer._descriptor)
    tail = tmp_path / "torn" / "3.bin"
    records, cut = recover(tmp_path, 3, SEED, tail)
    assert [record.length for record in records] == [len(body) for body in new]
    assert cut >= torn if torn > HEADER_BYTES else cut >= 0
    sealed = segment_path(tmp_path, 3, SEALED)
    assert not new or sealed.read_bytes() == _segment(new, recycled=True)
    sealed.unlink(missing_ok=True)
    tail.unlink(missing_ok=True)


def test_a_sealed_segment_holds_nothing_of_the_older_one(tmp_path: Path) -> None:
    segment_path(tmp_path, 2, SPARE).write_bytes(_segment([b"x" * 5000], number=2))
    writer = SegmentWriter(tmp_path, 3)
    writer.append([_segment([b"short"], recycled=True)])
    assert writer.seal()
    assert segment_path(tmp_path, 3, SEALED).read_bytes() == _segment([b"short"], recycled=True)
    assert not list(tmp_path.glob(f"*{SPARE}"))


def test_scan_reads_a_large_body_in_pieces(tmp_path: Path) -> None:
    body = bytes(3 * 1024 * 1024)

    class Watched(io.FileIO):
        largest = 0

        def read(self, size: int | None = -1, /) -> bytes:
            Watched.largest = max(Watched.largest, size or 0)
            return super().read(size) or b""

    path = tmp_path / "segment"
    path.write_bytes(_segment([body]))
    with Watched(path) as file:
        assert len(list(scan(file, 3, SEED))) == 1
    assert Watched.largest <= 1024 * 1024
