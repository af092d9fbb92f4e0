"""ASGI middleware in front of all routes: who asks, what they may, how often and how much; headers of answers."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.auditing import Witness
from api.bodies import MAX_BODY_BYTES, TOO_LARGE, bounded, marked, read_ahead
from api.leaving import Leaving
from api.permissions import OF_ALL_TENANTS, SAFE_METHODS, changes, is_audited, is_open, roles_for
from api.rates import Rates
from spanledger.access import within
from spanledger.access.office import Office
from spanledger.access.scope import Scope as Rows
from spanledger.access.sessions import COOKIE
from spanledger.access.viewer import Viewer, seen_by
from spanledger.engine import Engine
from spanledger.settings import Settings

WRONG_KEYS_PER_MINUTE = 30
"""Tries with keys that do not open, by address: nobody mistypes more, and guessing 256 bits takes more."""
CSRF_HEADER, CSRF_FIELD = "x-csrf-token", "csrf_token"
FORM = "application/x-www-form-urlencoded"


class Doorkeeper:
    """Refuses what may not come in, and marks what goes out."""

    def __init__(self, app: ASGIApp, engine: Engine, settings: Settings, office: Office) -> None:
        self._app = app
        self._engine = engine
        self._ring = office.ring
        self._sessions = office.sessions
        self._audit = office.audit
        self._rates = Rates(settings.api_requests_per_minute)
        self._wrong = Rates(WRONG_KEYS_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Asking.of(scope)
        viewer = self._who(request)
        refusal = self._refusal(request, viewer)
        if refusal is not None:
            await refusal(scope, receive, marked(send))
            return
        changing = changes(request.method, request.path)
        if changing:
            receive = bounded(receive)
        if changing and viewer.session:
            receive, body = await read_ahead(receive)
            if not self._carries(viewer, request, body):
                await _FORGED(scope, receive, marked(send))
                return
        if is_audited(request.method, request.path):
            witness = Witness(self._audit, viewer, request.address)
            receive, send = witness.beside(scope, receive, send)
        rows = Rows.of(viewer.key.tenants) if viewer.key else None
        with seen_by(viewer), within(rows):
            if changing:
                await self._app(scope, receive, marked(send))
            else:
                await Leaving(self._engine.cancel).serve(self._app, scope, receive, marked(send))

    def _who(self, request: Asking) -> Viewer:
        """By the key of the header, or else by the cookie."""
        if request.authorization:
            return Viewer(self._ring.find(request.authorization.encode("latin-1")))
        session = self._sessions.read(request.cookie) if request.cookie else None
        return Viewer(session.key, session, self._sessions.csrf(session)) if session else Viewer()

    def _refusal(self, request: Asking, viewer: Viewer) -> ASGIApp | None:
        if not is_open(request.path):
            refusal = self._unknown(request, viewer) or self._not_allowed(request, viewer) or self._often(viewer)
            if refusal:
                return refusal
        trusted = request.authorization or (request.is_private and (viewer.session or request.path == "/login"))
        if changes(request.method, request.path) and not trusted and request.is_of_a_stranger:
            return _STRANGER
        if request.length > MAX_BODY_BYTES:
            return problems.of_status(413, TOO_LARGE)
        return None

    def _unknown(self, request: Asking, viewer: Viewer) -> ASGIApp | None:
        if self._ring.empty:
            return None if _names_loopback(request.host) else _NOT_THIS_MACHINE
        if viewer.key:
            return None
        if wait := self._wrong.wait(request.address):
            return _too_often(wait, "Too many keys that do not open came from this address.")
        if request.authorization:
            self._wrong.take(request.address)
        if request.wants_page:
            return RedirectResponse(f"/login?next={quote(request.target, safe='')}", 303)
        return _NO_KEY

    def _not_allowed(self, request: Asking, viewer: Viewer) -> ASGIApp | None:
        if viewer.key is None:
            return None
        allowed = roles_for(request.method, request.path)
        if viewer.key.role not in allowed:
            roles = " or ".join(sorted(allowed))
            return problems.of_status(403, f"This key has the role {viewer.key.role}; here it takes {roles}.")
        if viewer.key.tenants and request.path in OF_ALL_TENANTS:
            return problems.of_status(403, f"{request.path} tells of all tenants, and this key is held to some.")
        return None

    def _often(self, viewer: Viewer) -> ASGIApp | None:
        if viewer.key and viewer.key.key_id != "command" and (wait := self._rates.take(viewer.key.key_id)):
            return _too_often(wait, "This key asks more often than SPANLEDGER_API_REQUESTS_PER_MINUTE allows.")
        return None

    def _carries(self, viewer: Viewer, request: Asking, body: bytes) -> bool:
        """True when a change of a session carries the session's token, in a header or as a field of a form."""
        given = request.headers.get(CSRF_HEADER, "")
        if not given and request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
            given = parse_qs(body.decode("latin-1"), max_num_fields=1000).get(CSRF_FIELD, [""])[0]
        return hmac.compare_digest(given.encode(), viewer.csrf.encode())


@dataclass(frozen=True)
class Asking:
    """What of a request decides whether it may come in."""

    method: str
    path: str
    target: str
    """Path and query."""
    headers: Headers
    address: str
    scheme: str

    @classmethod
    def of(cls, scope: Scope) -> Asking:
        """From ASGI's scope."""
        query = scope.get("query_string", b"").decode("latin-1")
        target = f"{scope['path']}?{query}" if query else scope["path"]
        client = scope.get("client") or ("", 0)
        return cls(scope["method"], scope["path"], target, Headers(scope=scope), client[0], scope.get("scheme", "http"))

    @property
    def host(self) -> str:
        """The name under which we were asked."""
        return self.headers.get("host", "")

    @property
    def authorization(self) -> str:
        """As it came."""
        return self.headers.get("authorization", "")

    @property
    def cookie(self) -> str:
        """That of a session, or ''."""
        try:
            found = SimpleCookie(self.headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return ""
        return found.value if found else ""

    @property
    def length(self) -> int:
        """Of the body, where it is told."""
        told = self.headers.get("content-length", "")
        return int(told) if told.isdecimal() else 0

    @property
    def wants_page(self) -> bool:
        """True when a person asks with a browser."""
        return self.method in SAFE_METHODS and "text/html" in self.headers.get("accept", "")

    @property
    def is_of_a_stranger(self) -> bool:
        """True when a browser says that the page of another origin made it ask. Programs say nothing."""
        site, origin = self.headers.get("sec-fetch-site"), self.headers.get("origin")
        if site is not None:
            return site not in ("same-origin", "none")
        return origin is not None and urlsplit(origin).netloc != self.host

    @property
    def is_private(self) -> bool:
        """True when a browser tells no origin: so it does from our own pages, which send no referrer, without TLS."""
        return "sec-fetch-site" not in self.headers and self.headers.get("origin") == "null"


_NOT_THIS_MACHINE = problems.of_status(
    421,
    "Without SPANLEDGER_API_KEYS this service answers only to names of this machine, such as 127.0.0.1 or localhost; "
    "otherwise any web page could read it by DNS rebinding.",
)
_NO_KEY = problems.of_status(
    401,
    "Send `Authorization: Bearer <key>` with a key of SPANLEDGER_API_KEYS or of `spanledger keys create`.",
    {"WWW-Authenticate": "Bearer"},
)
_STRANGER = problems.of_status(403, "A page of another origin asked for a change; only our own pages may.")
_FORGED = problems.of_status(
    403, f"A change that comes with a cookie must carry the session's token, as {CSRF_HEADER} or field {CSRF_FIELD}."
)


def _too_often(wait: int, why: str) -> ASGIApp:
    return problems.of_status(429, f"{why} Come again in {wait} s.", {"Retry-After": str(wait)})


def _names_loopback(host: str) -> bool:
    """True when a Host header names this machine itself."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if name.lower() in ("localhost", ""):
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
