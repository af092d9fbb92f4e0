"""Ends the work of a request whose client has left before its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.bodies import bounded
from spanledger.asker import Asker, asked_by


class Leaving:
    """Serves one request and watches its client meanwhile."""

    def __init__(self, cancel: Callable[[Asker], None]) -> None:
        self._cancel = cancel
        self._asker = Asker()
        self._heard: asyncio.Queue[Message] = asyncio.Queue()
        self._answered = False

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Run `app`; when the client leaves before the end, what runs for it in the engine is killed."""

        async def told(message: Message) -> None:
            self._answered |= message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        watcher = asyncio.create_task(self._watch(receive))
        try:
            with asked_by(self._asker):
                await app(scope, bounded(self._hear), told)
        finally:
            watcher.cancel()

    async def _hear(self) -> Message:
        return _GONE if self._asker.left else await self._heard.get()

    async def _watch(self, receive: Receive) -> None:
        """Hand on what is sent; behind it there is nothing but the client's leaving."""
        message: Message = {"type": ""}
        while message["type"] != "http.disconnect":
            message = await receive()
            await self._heard.put(message)
        if not self._answered:
            self._asker.left = True
            await run_in_threadpool(self._cancel, self._asker)


_GONE: Message = {"type": "http.disconnect"}
