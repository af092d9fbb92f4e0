from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, MutableMapping
from typing import Any

import pytest
import urllib3
import uvicorn

from spanledger.calm_server import CalmServer


async def _app(_scope: MutableMapping[str, Any], _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})


@pytest.mark.parametrize("end", [CalmServer.stop, lambda server: server.handle_exit(signal.SIGTERM, None)])
def test_a_stop_does_not_wait_for_the_next_look(
    end: Callable[[CalmServer], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spanledger.calm_server.LOOK_SECONDS", 60.0)
    server = CalmServer(uvicorn.Config(_app, log_config=None, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        answer = urllib3.request(
            "GET", f"http://127.0.0.1:{listener.getsockname()[1]}/", headers={"Connection": "close"}
        )
        assert (answer.data, "Date" in answer.headers) == (b"here", True)
        end(server)
        thread.join(10)
        assert not thread.is_alive()
    server.stop()  # again, behind its end
