from __future__ import annotations

import gzip
import os
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from collector.inflate import MAX_MEMBERS, MAX_WINDOW, TAKEN, Inflater, inflate
from spanledger.errors import BadRequest, TooLarge, UnsupportedMedia

MIB = 1 << 20
TEXT = b"the same words again and again, and then some more of them. " * 400
NOISE = os.urandom(300_000)


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def zstd_stream(data: bytes) -> bytes:
    """A frame that does not say how long it is, as streaming clients send it."""
    compressor = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    return compressor.compress(data) + compressor.flush()


COMPRESSIONS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "nothing": ("", bytes),
    "identity": ("identity", bytes),
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZip ", gzip.compress),
    "zlib": ("deflate", zlib.compress),
    "zlib, fastest": ("deflate", lambda data: zlib.compress(data, 0)),
    "raw deflate": ("deflate", raw_deflate),
    "zstd": ("zstd", zstandard.compress),
    "zstd, best": ("ZSTD", zstandard.ZstdCompressor(level=19).compress),
    "zstd, streamed": ("zstd", zstd_stream),
    "two gzip members": ("gzip", lambda data: gzip.compress(data[:100]) + gzip.compress(data[100:])),
    "padded gzip": ("gzip", lambda data: gzip.compress(data) + bytes(100)),
    "two zstd frames": ("zstd", lambda data: zstandard.compress(data[:100]) + zstd_stream(data[100:])),
    "skippable zstd frame": ("zstd", lambda data: b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zstandard.compress(data)),
}
COMPRESSED = {name: case for name, case in COMPRESSIONS.items() if case[0] not in ("", "identity")}


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("name", COMPRESSIONS)
@pytest.mark.parametrize("size", [1, 7, 4096, 1 << 30])
def test_a_body_comes_out_as_it_went_in(name: str, size: int) -> None:
    encoding, compress = COMPRESSIONS[name]
    assert inflate(pieces(compress(TEXT), size), encoding, MIB) == TEXT


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_noise_comes_out_as_it_went_in(name: str) -> None:
    encoding, compress = COMPRESSIONS[name]
    assert inflate(pieces(compress(NOISE), 65_536), encoding, MIB) == NOISE


@pytest.mark.parametrize("name", COMPRESSIONS)
@given(data=st.binary(max_size=300), size=st.integers(1, 400))
def test_any_bytes_come_out_as_they_went_in(name: str, data: bytes, size: int) -> None:
    encoding, compress = COMPRESSIONS[name]
    assert inflate(pieces(compress(data), size), encoding, MIB) == data


def test_what_is_taken_is_what_is_promised() -> None:
    assert all(Inflater(encoding, 1) for encoding in TAKEN)
    for encoding in ("br", "gzip, gzip", "snappy", "\ud800"):
        with pytest.raises(UnsupportedMedia, match="identity, gzip, deflate, zstd"):
            Inflater(encoding, 1)


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_the_bound_is_exact(name: str) -> None:
    encoding, compress = COMPRESSIONS[name]
    body = pieces(compress(TEXT), 1000)
    assert inflate(body, encoding, len(TEXT)) == TEXT
    with pytest.raises(TooLarge) as refused:
        inflate(body, encoding, len(TEXT) - 1)
    assert refused.value.bound == len(TEXT) - 1


@pytest.mark.parametrize("name", COMPRESSED)
def test_a_truncated_body_is_refused_wherever_it_ends(name: str) -> None:
    encoding, compress = COMPRESSED[name]
    body = compress(TEXT).rstrip(b"\0")
    ends_well = {
        "two gzip members": [len(gzip.compress(TEXT[:100]))],
        "two zstd frames": [len(zstandard.compress(TEXT[:100]))],
        "skippable zstd frame": [11],
    }.get(name, [])
    cuts = [cut for cut in {0, 1, 2, 3, 9, 10, 17, len(body) // 2, len(body) - 1} if cut not in ends_well]
    assert len(cuts) > 5
    for cut in cuts:
        with pytest.raises(BadRequest, match=r"ends too early|is not valid"):
            inflate([body[:cut]], encoding, MIB)


@pytest.mark.parametrize(
    ("encoding", "body", "complaint"),
    [
        ("gzip", TEXT, "not valid gzip"),
        ("zstd", TEXT, "not valid zstd"),
        ("deflate", b"\xff" * 20, "not valid deflate"),
        ("gzip", gzip.compress(TEXT)[:-8] + bytes(8), "incorrect data check"),
        ("deflate", zlib.compress(TEXT)[:-4] + bytes(4), "incorrect data check"),
        ("zstd", zstd_stream(TEXT)[:-4] + bytes(4), "checksum"),
        ("gzip", gzip.compress(TEXT) + b"more", "not valid gzip"),
        ("zstd", zstandard.compress(TEXT) + b"more", "not valid zstd"),
        ("deflate", zlib.compress(TEXT) + b"more", "goes on"),
        ("gzip", gzip.compress(b"") * (MAX_MEMBERS + 1), "goes on"),
        ("zstd", zstandard.compress(b"") * (MAX_MEMBERS + 1), "goes on"),
    ],
)
def test_corrupt_data_is_a_bad_request(encoding: str, body: bytes, complaint: str) -> None:
    with pytest.raises(BadRequest, match=complaint):
        inflate(pieces(body, 1 << 16), encoding, MIB)


def test_as_many_members_as_are_allowed_are_taken() -> None:
    assert inflate([gzip.compress(b"a") * MAX_MEMBERS], "gzip", MIB) == b"a" * MAX_MEMBERS
    assert inflate([zstandard.compress(b"a") * MAX_MEMBERS], "zstd", MIB) == b"a" * MAX_MEMBERS


@pytest.mark.parametrize("encoding", TAKEN)
@given(chunks=st.lists(st.binary(max_size=64), max_size=4), start=st.sampled_from(["", "gzip", "deflate", "zstd"]))
def test_nothing_but_a_bad_request_is_raised(encoding: str, chunks: list[bytes], start: str) -> None:
    head = {"gzip": gzip.compress(TEXT)[:20], "deflate": zlib.compress(TEXT)[:9], "zstd": zstandard.compress(TEXT)[:12]}
    try:
        body = inflate([head.get(start, b""), *chunks], encoding, 1000)
    except BadRequest:
        return
    assert len(body) <= 1000


def deflate_bomb() -> bytes:
    """A GiB of zeros without its end: blocks that each start afresh can be repeated."""
    compressor = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return (compressor.compress(bytes(4 * MIB)) + compressor.flush(zlib.Z_FULL_FLUSH)) * 256


def zstd_bomb() -> bytes:
    compressor = zstandard.ZstdCompressor().compressobj()
    return b"".join(compressor.compress(bytes(MIB)) for _ in range(1024)) + compressor.flush()


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "gzip": ("gzip", lambda: gzip.compress(b"")[:10] + deflate_bomb()),
    "zlib": ("deflate", lambda: b"\x78\x9c" + deflate_bomb()),
    "raw deflate": ("deflate", deflate_bomb),
    "zstd": ("zstd", zstd_bomb),
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("size", [1000, 1 << 16, 1 << 30])
def test_a_bomb_goes_off_within_the_bound(name: str, size: int) -> None:
    encoding, make = BOMBS[name]
    bomb, bound = make(), 8 * MIB
    assert len(bomb) < bound  # so that it is the inflated size that is refused
    inflater, out = Inflater(encoding, bound), bytearray()
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            for chunk in pieces(bomb, size):
                out += inflater.feed(chunk)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0 < peak < 2 * bound + 2 * MIB  # what was kept, and the piece that is too much
    assert len(out) <= bound


def test_a_stream_that_says_nothing_for_ever_meets_the_bound() -> None:
    inflater = Inflater("deflate", 10_000)
    empty_blocks = b"\0\0\0\xff\xff" * 100
    with pytest.raises(TooLarge):
        for _ in range(1000):
            assert inflater.feed(empty_blocks) == b""


def test_a_frame_that_asks_for_gigabytes_is_refused_by_its_header() -> None:
    def frame(window_log: int) -> bytes:
        parameters = zstandard.ZstdCompressionParameters(window_log=window_log)
        compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        return compressor.compress(TEXT) + compressor.flush()

    assert zstandard.get_frame_parameters(frame(23)).window_size == MAX_WINDOW
    assert inflate([frame(23)], "zstd", MIB) == TEXT
    for window_log in (24, 27, 31):
        with pytest.raises(BadRequest, match="too much memory"):
            inflate([frame(window_log)], "zstd", MIB)
