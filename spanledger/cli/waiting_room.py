"""What the API answers while ClickHouse is away at the start: the process lives, and everything else comes later."""

from __future__ import annotations

import socket
import threading

import uvicorn
from fastapi import Response
from fastapi.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from api import problems

NOT_YET = problems.Kind(503, "not-ready", "Not ready", retry_after=2)
STOP_SECONDS = 5


class WaitingRoom:
    """Answers on a listening socket, which stays open for who comes after."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Answer from now on; a room that is open stays so."""
        if self._thread:
            return
        config = uvicorn.Config(
            _answer, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=STOP_SECONDS
        )
        self._server = uvicorn.Server(config)
        sockets = {"sockets": [self._listener.dup()]}  # the server closes what it is given
        self._thread = threading.Thread(target=self._server.run, kwargs=sockets, name="waiting-room", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer what is under way and end."""
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(2 * STOP_SECONDS)


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    """As the app will: `/healthz` needs no key; why the others wait is in the log, for who may read it."""
    alive = scope["path"] == "/healthz"
    answer: Response = JSONResponse({"status": "alive"}) if alive else problems.problem(NOT_YET, "ClickHouse is away.")
    await answer(scope, receive, send)
