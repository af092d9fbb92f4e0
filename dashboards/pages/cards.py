"""Pictures of cards: PNG by an address that nobody can guess, so that receivers of pages show them without a key."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi import Path as InPath

from spanledger import sql
from spanledger.engine import Engine

QUERY = Path(__file__).parent.parent / "queries" / "card_picture.sql"
HEADERS = {"Cache-Control": "private, max-age=86400", "Content-Security-Policy": "default-src 'none'"}


def add_pictures(routes: APIRouter, engine: Engine) -> None:
    """`/cards/{token}.png`."""

    @routes.get("/cards/{token}.png")
    def card(token: Annotated[str, InPath(pattern="^[A-Za-z0-9_-]{22,64}$")]) -> Response:
        found = engine.query_guarded(sql.read(QUERY), {"token": token}).rows
        if not found or not found[0][0]:
            return Response(status_code=404)
        return Response(base64.b64decode(found[0][0]), media_type="image/png", headers=HEADERS)
