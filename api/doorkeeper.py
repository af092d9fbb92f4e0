"""ASGI middleware in front of all routes: who may ask, how much they may send, and the headers of every answer."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.headers import SECURITY_HEADERS
from spanledger.settings import MIB, Settings

MAX_BODY_BYTES = MIB
"""Largest body of an API request. Telemetry has its own ports and its own bound."""

OPEN_PATHS = frozenset({"/healthz"})
"""Asked by supervisors that hold no key."""
OPEN_PICTURES = "/cards/"
"""Pictures of cards, fetched by receivers of pages: an address that nobody can guess is their key."""


class Doorkeeper:
    """Refuses what may not come in, and marks what goes out."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._keys = [key.get_secret_value().encode() for key in settings.api_keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope["path"], Headers(scope=scope))
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, _bounded(receive), _marked(send))

    def _refusal(self, path: str, headers: Headers) -> ASGIApp | None:
        if path not in OPEN_PATHS and not path.startswith(OPEN_PICTURES):
            if not self._keys and not _names_loopback(headers.get("host", "")):
                return problems.of_status(
                    421,
                    "Without SPANLEDGER_API_KEYS this service answers only to names of this machine, such as "
                    "127.0.0.1 or localhost; otherwise any web page could read it by DNS rebinding.",
                )
            if self._keys and not self._knows(headers.get("authorization", "")):
                return problems.of_status(
                    401, "Send `Authorization: Bearer <key>` with a key of SPANLEDGER_API_KEYS.",
                    {"WWW-Authenticate": "Bearer"},
                )  # fmt: skip
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > MAX_BODY_BYTES:
            return problems.of_status(413, _TOO_LARGE)
        return None

    def _knows(self, authorization: str) -> bool:
        """Compare with every key, each in constant time, so that time tells nothing about keys."""
        scheme, _, token = authorization.partition(" ")
        matches = [hmac.compare_digest(token.strip().encode(), key) for key in self._keys]
        return scheme.lower() == "bearer" and any(matches)


_TOO_LARGE = f"The body is larger than {MAX_BODY_BYTES:,} bytes."


def _names_loopback(host: str) -> bool:
    """True when a Host header names this machine itself."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if name.lower() in ("localhost", ""):
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _bounded(receive: Receive) -> Receive:
    """`receive` that stops a body without Content-Length at the bound."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY_BYTES:
            raise HTTPException(413, _TOO_LARGE)
        return message

    return bounded


def _marked(send: Send) -> Send:
    """`send` that adds the headers which an answer did not set itself."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return marked
