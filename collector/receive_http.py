"""OTLP over HTTP: a plain ASGI application, and the uvicorn server that runs it.

    POST /v1/traces, /v1/logs, /v1/metrics   protobuf or JSON; identity, gzip, deflate or zstd
    GET  /healthz, /readyz, /metrics

The answer is sent when the request is on disk.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from collector.answers import JSON, NO_KEY, NO_ROUTE, PROTOBUF, WRONG_METHOD, Answer
from collector.counters import render
from collector.inflate import Inflater
from collector.intake import Intake, Receipt, Share
from collector.signals import SIGNALS, Signal
from spanledger.calm_server import CalmServer
from spanledger.errors import TooLarge, UnsupportedMedia
from spanledger.settings import Settings

RECEIVE_SECONDS = 60.0
"""Time for a whole request to arrive; a client that takes longer is cut off, so that slow ones can't pile up."""
MAX_HEAD_BYTES = 64 * 1024
"""Request line and headers. The parser itself has no bound."""
KEEP_ALIVE_SECONDS = 75
"""Exporters send every few seconds; their connections should outlive that."""
SHUTDOWN_SECONDS = 5
"""Time for requests in work to end when the service stops."""
INLINE_BYTES, INLINE_JSON_BYTES = 1024 * 1024, 64 * 1024
"""Bodies up to this size (about 2 ms of work) are admitted on the event loop, larger ones in a thread beside it."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class _GoneError(Exception):
    """The client is away before its request was whole."""


@dataclass(frozen=True)
class _Reply:
    status: int
    form: str
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Application:
    """The ASGI application."""

    def __init__(self, settings: Settings, intake: Intake) -> None:
        self._intake = intake
        self._origins = frozenset(settings.cors_origins)
        self._routes: dict[str, tuple[str, Callable[[Scope, Receive], Awaitable[_Reply]]]] = {
            f"/v1/{signal.name}": ("POST", partial(self._export, signal)) for signal in SIGNALS.values()
        }
        self._routes |= {
            "/healthz": ("GET", self._healthz),
            "/readyz": ("GET", self._readyz),
            "/metrics": ("GET", self._metrics),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        scope["headers"] = headers = dict(scope["headers"])
        try:
            reply = await self._reply(scope, receive)
        except _GoneError:
            return
        except Exception as error:  # noqa: BLE001  (refuse() logs what is not ours)
            reply = self._refusal(headers, self._intake.refuse(error, "http"))
        await send({"type": "http.response.start", "status": reply.status, "headers": self._head(headers, reply)})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else reply.body})

    async def _reply(self, scope: Scope, receive: Receive) -> _Reply:
        headers = scope["headers"]
        route = self._routes.get(scope["path"])
        if route is None:
            return self._counted_refusal(headers, NO_ROUTE)
        method, handler = route
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers and self._origins:
            return _Reply(204, "", b"", self._preflight(headers))
        if scope["method"] != method and (scope["method"], method) != ("HEAD", "GET"):
            return self._counted_refusal(headers, WRONG_METHOD, (b"allow", method.encode()))
        if method == "POST" and not self._intake.allows(headers.get(b"authorization", b"")):
            return self._counted_refusal(headers, NO_KEY, (b"www-authenticate", b"Bearer"))
        return await handler(scope, receive)

    # OTLP

    async def _export(self, signal: Signal, scope: Scope, receive: Receive) -> _Reply:
        headers = scope["headers"]
        form = _form(headers)
        if form is None:
            sent = headers.get(b"content-type", b"").decode("latin-1")[:80]
            raise UnsupportedMedia(f"Content-Type {sent!a} is not taken; send {PROTOBUF} or {JSON}.")
        with self._intake.budget.share() as share:
            body = await self._read(headers, receive, share)
            receipt = await self._admit(signal, body, form)
            if receipt.stored:
                await asyncio.wrap_future(receipt.stored)
        return _Reply(200, form, receipt.response)

    async def _read(self, headers: dict[bytes, bytes], receive: Receive, share: Share) -> bytes:
        """The whole body, inflated. The bounds hold while it comes."""
        bound = self._intake.max_body_bytes
        encoding = headers.get(b"content-encoding", b"").decode("latin-1")
        inflater = Inflater(encoding, bound)
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > bound:  # an encoded body may not be larger either
            raise TooLarge(bound)
        pieces = []
        more = True
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise _GoneError
            piece = inflater.feed(event.get("body", b""))
            share.take(len(piece))
            pieces.append(piece)
            more = event.get("more_body", False)
        inflater.finish()
        return b"".join(pieces)  # one piece is not copied

    async def _admit(self, signal: Signal, body: bytes, form: str) -> Receipt:
        if len(body) <= (INLINE_JSON_BYTES if form == JSON else INLINE_BYTES):
            return self._intake.take(signal, body, form)
        return await asyncio.to_thread(self._intake.take, signal, body, form)

    # For people and machines that watch

    async def _healthz(self, _scope: Scope, _receive: Receive) -> _Reply:
        return _Reply(200, JSON, b'{"status":"ok"}')

    async def _readyz(self, _scope: Scope, _receive: Receive) -> _Reply:
        state = self._intake.spool.state()
        full = f"The spool is full: {state.bytes:,} of {state.bound:,} bytes." if state.full >= 1 else ""
        reason = state.problem or full
        if reason:
            return _Reply(503, JSON, json.dumps({"status": "unavailable", "reason": reason}).encode())
        return _Reply(200, JSON, b'{"status":"ok"}')

    async def _metrics(self, _scope: Scope, _receive: Receive) -> _Reply:
        return _Reply(200, "text/plain; version=0.0.4", render(self._intake.counters, self._intake.spool))

    # Answers

    def _counted_refusal(self, headers: dict[bytes, bytes], answer: Answer, *extra: tuple[bytes, bytes]) -> _Reply:
        self._intake.count_refusal(answer, "http")
        return self._refusal(headers, answer, *extra)

    def _refusal(self, headers: dict[bytes, bytes], answer: Answer, *extra: tuple[bytes, bytes]) -> _Reply:
        form = _form(headers) or JSON
        if answer.retry_after is not None:
            extra = (*extra, (b"retry-after", b"%d" % answer.retry_after))
        return _Reply(answer.http, form, answer.body(form), extra)

    def _head(self, headers: dict[bytes, bytes], reply: _Reply) -> Headers:
        head = list(reply.headers)
        if reply.form:
            head += [(b"content-type", reply.form.encode()), (b"content-length", b"%d" % len(reply.body))]
        return head + self._cors(headers) if self._origins else head

    def _cors(self, headers: dict[bytes, bytes]) -> Headers:
        """Lets a page of an allowed origin read the answer."""
        origin = headers.get(b"origin", b"").decode("latin-1")
        if "*" in self._origins:
            return [(b"access-control-allow-origin", b"*")]
        allowed = [(b"access-control-allow-origin", origin.encode("latin-1"))] if origin in self._origins else []
        return [*allowed, (b"vary", b"Origin")]

    def _preflight(self, headers: dict[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
        origin = headers.get(b"origin", b"").decode("latin-1")
        if not {origin, "*"} & self._origins:
            return ()
        wanted = headers.get(b"access-control-request-headers", b"content-type, authorization, content-encoding")
        return (
            (b"access-control-allow-methods", b"POST"),
            (b"access-control-allow-headers", wanted),
            (b"access-control-max-age", b"3600"),
        )


def _form(headers: dict[bytes, bytes]) -> str | None:
    """The content type, if it is one of OTLP's two."""
    name = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
    return name if name in (PROTOBUF, JSON) else None


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol with bounds on the size of a head and on the time a request takes to arrive."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._timer: asyncio.TimerHandle | None = None
        self._head_bytes: int | None = 0
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._head_bytes is not None:
            self._head_bytes += min(len(data), MAX_HEAD_BYTES)
        super().data_received(data)
        if self._head_bytes is not None and self._head_bytes > MAX_HEAD_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        self._arm()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        super().on_headers_complete()
        if self.parser.should_upgrade():  # the parser reads nothing behind this request, so it has to be the last
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """A piece that finds nothing before it is passed on as it is: uvicorn copies each twice."""
        if not self.cycle.body and not self.cycle.response_complete:
            self.cycle.body, body = body, b""  # type: ignore[assignment]
        elif isinstance(self.cycle.body, bytes):  # of two without a pause, for one: a body in small chunks
            self.cycle.body = bytearray(self.cycle.body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._disarm()
        self._head_bytes = 0
        if self.cycle.response_complete:  # refused before the body was read: uvicorn's own timer is off by now
            self._arm()
        super().on_message_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """Java's client offers HTTP/2 with each request; that is no news."""

    def _arm(self) -> None:
        self._disarm()
        self._timer = self.loop.call_later(RECEIVE_SECONDS, self.transport.abort)

    def _disarm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


class HttpServer:
    """uvicorn on a socket that is bound already; `run` serves until `stop` is called from any thread."""

    def __init__(self, application: Application, listener: socket.socket) -> None:
        self._listener = listener
        config = uvicorn.Config(
            application,
            http=_Protocol,
            loop="uvloop",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        self._server = CalmServer(config)

    @property
    def started(self) -> bool:
        """True once it accepts connections."""
        return self._server.started

    def run(self) -> None:
        """Serve in this thread."""
        self._server.run(sockets=[self._listener])

    def stop(self) -> None:
        """Take no more connections, end what is in work, then return from `run`."""
        self._server.stop()
