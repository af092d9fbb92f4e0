"""uvicorn's server, asleep while nothing comes: by itself it wakes ten times a second to see whether it is to stop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import FrameType

import uvicorn

LOOK_SECONDS = 1.0
"""How often the answers' Date is renewed. A stop does not wait for that."""
RENEW = 0
"""A turn in which uvicorn renews it."""


class CalmServer(uvicorn.Server):
    """Serves until `stop`, which any thread and any signal handler may call."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = asyncio.Event()

    def stop(self) -> None:
        """End what is in work and return from `run`; a second call does nothing."""
        self.should_exit = True
        if self._loop:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._told.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The same by a signal."""
        super().handle_exit(sig, frame)
        self.stop()

    async def main_loop(self) -> None:
        """Wait for `stop`."""
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(RENEW):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), LOOK_SECONDS)
