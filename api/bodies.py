"""What goes through a request on its way in and out: bounded bodies, and headers of every answer."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Send

from api.headers import SECURITY_HEADERS
from spanledger.settings import MIB

MAX_BODY_BYTES = MIB
"""Largest body of an API request. Telemetry has its own ports and its own bound."""
TOO_LARGE = f"The body is larger than {MAX_BODY_BYTES:,} bytes."


def bounded(receive: Receive) -> Receive:
    """`receive` that stops a body without Content-Length at the bound."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY_BYTES:
            raise HTTPException(413, TOO_LARGE)
        return message

    return bounded


async def read_ahead(receive: Receive) -> tuple[Receive, bytes]:
    """The whole body, and a `receive` that gives it again."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again, body


def marked(send: Send) -> Send:
    """`send` that adds the headers which an answer did not set itself."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return marked
