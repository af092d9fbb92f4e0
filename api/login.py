"""Logging in to the pages with a key, and out again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.rates import Rates
from dashboards.asked import read as read_asked
from dashboards.page import answer
from spanledger.access import Key, KeyRing
from spanledger.access.audit import AuditLog, Entry
from spanledger.access.sessions import COOKIE, LIFE_SECONDS, Sessions
from spanledger.access.viewer import viewer

TRIES_PER_MINUTE = 10
"""Of one address."""
WRONG = "This key does not open, or not any more."
SENDS_ONLY = "This key may only send; to look it takes one of the role read or admin."


def router(ring: KeyRing, sessions: Sessions, log: AuditLog) -> APIRouter:
    """The routes of the login."""
    routes = APIRouter(include_in_schema=False)
    tries = Rates(TRIES_PER_MINUTE)

    def note(request: Request, key: Key | None, status: int) -> None:
        """Who logged in, or tried to, without what was sent."""
        name, key_id, role = (key.name, key.key_id, key.role) if key else ("", "", "")
        address = request.client.host if request.client else ""
        log.note(Entry(datetime.now(UTC), name, key_id, role, address, "POST", "/login", status))

    @routes.get("/login")
    def form(request: Request, target: Annotated[str, Query(alias="next", max_length=4000)] = "/") -> Response:
        return _page(request, _own(target), "")

    @routes.post("/login")
    async def login(request: Request) -> Response:
        fields = parse_qs((await request.body()).decode("latin-1"), max_num_fields=10)
        target = _own(fields.get("next", ["/"])[0])
        if wait := tries.take(request.client.host if request.client else ""):
            return _page(request, target, f"Too many tries; wait {wait} s.", 429, {"Retry-After": str(wait)})
        key = ring.find_token(fields.get("key", [""])[0].strip().encode())
        if key is None or key.role == "ingest":
            note(request, key, 401)
            return _page(request, target, SENDS_ONLY if key else WRONG, 401)
        note(request, key, 303)
        reply = RedirectResponse(target, 303)
        secure = request.url.scheme == "https"
        reply.set_cookie(
            COOKIE, sessions.open(key), max_age=LIFE_SECONDS, httponly=True, samesite="lax", secure=secure, path="/"
        )
        return reply

    @routes.post("/logout")
    def logout() -> Response:
        session = viewer().session
        if session:
            sessions.end(session)
        reply = RedirectResponse("/login", 303)
        reply.delete_cookie(COOKIE, path="/")
        return reply

    return routes


def _page(
    request: Request, target: str, problem: str, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    given = read_asked("/login", {}, datetime.now(UTC), theme=request.cookies.get("theme", ""))
    shown = answer("login.html", {"asked": given, "target": target, "problem": problem}, status)
    shown.headers.update(headers or {})
    return shown


def _own(target: str) -> str:
    """An address of ours: a link to the login must not lead elsewhere."""
    parts = urlsplit(target)
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return target if ours and target.isprintable() else "/"
