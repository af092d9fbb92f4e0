"""Request bodies, inflated piece by piece as they arrive, with a bound that holds at every step.

What is checked after decompression is checked too late: a few kilobytes can say gigabytes. So each step asks for no
more than the room that is left, and a frame that wants a large window is refused by its header.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterable
from typing import Protocol

import zstandard

from spanledger.errors import BadRequest, TooLarge, UnsupportedMedia

MAX_WINDOW = 8 * 1024 * 1024
"""Bytes of history a zstd frame may ask for: what RFC 8878 asks every reader to have; levels up to 19 need no more."""
MAX_MEMBERS = 1024
"""gzip members or zstd frames in one body. Each costs a decompressor and may be empty, so they need a bound too."""
TAKEN = ("identity", "gzip", "deflate", "zstd")
"""The content encodings, for messages and documentation."""

_SLICE = 64 * 1024
"""Input bytes per step: zlib copies what it leaves of its input."""


class _Stream(Protocol):
    """One gzip member, zlib stream or zstd frame; as zlib's own decompressors."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _ZstdFrame:
    """zstandard's decompressor has no limit on its output, so it gets its input in steps that can't exceed the limit
    by much: a block of zstd takes at least 4 bytes and makes at most 128 KiB.
    """

    def __init__(self) -> None:
        self._frame = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompressobj()
        self.unconsumed_tail = b""

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data + self.unconsumed_tail

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        step = max(32, max_length // (32 * 1024))
        self.unconsumed_tail = data[step:]
        return self._frame.decompress(data[:step])


def _deflate(first: int) -> _Stream:
    """zlib-wrapped as RFC 9110 says, or raw as some clients send it: no encoder starts a raw stream like zlib's."""
    return zlib.decompressobj(zlib.MAX_WBITS if first & 0x8F == 0x08 else -zlib.MAX_WBITS)


_STREAMS: dict[str, Callable[[int], _Stream] | None] = {
    "": None,
    "identity": None,
    "gzip": lambda _: zlib.decompressobj(16 + zlib.MAX_WBITS),
    "x-gzip": lambda _: zlib.decompressobj(16 + zlib.MAX_WBITS),
    "deflate": _deflate,
    "zstd": lambda _: _ZstdFrame(),
}
"""What starts a member, given its first byte; None takes the body as it is."""


class Inflater:
    """The body of one request; `encoding` is its Content-Encoding, `bound` the most bytes it may have when inflated.

    What comes in is bounded by little more than that, as it may inflate to nothing. Between two chunks nothing is kept
    but the decompressor. Raises UnsupportedMedia for an encoding that is not taken.
    """

    def __init__(self, encoding: str, bound: int) -> None:
        name = encoding.strip().lower()
        if name not in _STREAMS:
            raise UnsupportedMedia(f"Content-Encoding {encoding[:40]!a} is not taken; send {', '.join(TAKEN)}.")
        self._encoding = name
        self._new_stream = _STREAMS[name]
        self._stream: _Stream | None = None
        self._members = 0
        self._bound = bound
        self._received = 0
        self._inflated = 0

    def feed(self, chunk: bytes) -> bytes:
        """What this chunk adds to the body. Raises TooLarge above the bound, BadRequest for corrupt data."""
        self._received += len(chunk)
        slack = 0 if self._new_stream is None else self._bound // 64 + 4096  # what noise grows by when compressed
        if self._received > self._bound + slack:
            raise TooLarge(self._bound)
        if self._new_stream is None:
            return chunk
        out = io.BytesIO()  # its getvalue() does not copy
        try:
            for start in range(0, len(chunk), _SLICE):
                self._inflate(chunk[start : start + _SLICE], out)
        except (zlib.error, zstandard.ZstdError) as error:
            raise BadRequest(f"The body is not valid {self._encoding}: {error}.") from None
        return out.getvalue()

    def finish(self) -> bytes:
        """The rest of the body, after the last chunk. Raises BadRequest if the body ends too early."""
        whole = self._new_stream is None or (self._members > 0 and self._stream is None)
        if not whole:
            raise BadRequest(f"The {self._encoding} body ends too early, after {self._received:,} bytes.")
        return b""

    def _inflate(self, data: bytes, out: io.BytesIO) -> None:
        while data:
            if self._stream is None:
                data = self._next_member(data)
                continue
            piece = self._stream.decompress(data, self._bound - self._inflated + 1)
            self._inflated += len(piece)
            if self._inflated > self._bound:
                raise TooLarge(self._bound)
            out.write(piece)
            data = self._stream.unconsumed_tail
            if self._stream.eof:
                data = self._stream.unused_data
                self._stream = None

    def _next_member(self, data: bytes) -> bytes:
        """Starts on the next member, if there is one, and returns its data."""
        if self._members and "gzip" in self._encoding:
            data = data.lstrip(b"\0")  # gzip files may be padded
            if not data:
                return data
        if self._members == (1 if self._encoding == "deflate" else MAX_MEMBERS):
            raise BadRequest(f"The {self._encoding} body goes on after {self._members:,} complete streams.")
        self._members += 1
        self._stream = self._new_stream(data[0]) if self._new_stream else None
        return data


def inflate(chunks: Iterable[bytes], encoding: str, bound: int) -> bytes:
    """The whole body of chunks that are at hand. Raises what Inflater raises."""
    inflater = Inflater(encoding, bound)
    out = io.BytesIO()
    for chunk in chunks:
        out.write(inflater.feed(chunk))
    out.write(inflater.finish())
    return out.getvalue()
