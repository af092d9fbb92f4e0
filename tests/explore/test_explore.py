from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

RANGE = {"from": "2026-11-20", "to": "2026-11-21"}
SLOW = {"low": "2s", "box_from": "2026-11-20T12:00Z", "box_to": "2026-11-20T14:00Z"}
pytestmark = pytest.mark.usefixtures("day")


def ask(client: TestClient, what: str, **asked: str) -> Any:
    answer = client.get(f"/api/v1/explore/{what}", params={**RANGE, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_page(client: TestClient) -> None:
    for asked in ({}, SLOW, {"select": "status = error"}, {"measure": "cost", "by": 'attributes["ring"]'}):
        answer = client.get("/explore", params={**RANGE, **asked})
        assert answer.status_code == 200, answer.text
    assert client.get("/explore", params={"filter": "tennant = a"}).status_code == 200
