"""What a request needs: which roles may make it, and whether a key of some tenants may.

What is not listed: GET needs a key that reads, everything else one that administers.
"""

from __future__ import annotations

from spanledger.access import Role

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_PATHS = frozenset({"/healthz", "/login"})
"""Asked by supervisors that hold no key, and by people who have not logged in."""
OPEN_FOLDERS = ("/static/", "/cards/")
"""What the login page is made of; pictures of cards, fetched by receivers of pages: an address that nobody can guess is
their key."""

READERS: frozenset[Role] = frozenset({"read", "admin"})
SENDERS: frozenset[Role] = frozenset({"ingest", "admin"})
ADMINS: frozenset[Role] = frozenset({"admin"})
ALL: frozenset[Role] = frozenset({"ingest", "read", "admin"})

READING_POSTS = frozenset({"/api/v1/query"})
"""Ask for much and change nothing."""
OF_ALL = frozenset({"/logout", "/readyz"})
SENDING = frozenset({"/api/v1/scores"})
OF_READERS = ("/api/v1/explore/views", "/settings/mapping")
"""Views of the explorer may be saved, and spans pasted, by who may look; pages of strangers may ask for neither."""
OF_ADMINS = ("/api/v1/keys", "/api/v1/audit", "/api/v1/rejected")
"""Told to administrators alone, with all below."""
OF_ALL_TENANTS = frozenset(
    {"/metrics", "/api/v1/alerts/rules", "/api/v1/alerts/channels", "/settings", "/settings.json", "/settings.csv"}
)
"""Figures of the whole service, and settings that may name any tenant."""
AUDITED_READS = frozenset({"/api/v1/query", "/api/v1/spans/export"})


def is_open(path: str) -> bool:
    """True when nobody is asked for a key."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


def roles_for(method: str, path: str) -> frozenset[Role]:
    """Roles that may make a request."""
    if path in OF_ALL:
        return ALL
    if path in SENDING:
        return SENDERS
    if _below(path, OF_ADMINS):
        return ADMINS
    if _below(path, OF_READERS):
        return READERS
    return READERS if method in SAFE_METHODS or path in READING_POSTS else ADMINS


def _below(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def is_audited(method: str, path: str) -> bool:
    """True when it is written down who did it: changes, queries and exports."""
    return path in AUDITED_READS or (method not in SAFE_METHODS and path != "/login")


def changes(method: str, path: str) -> bool:
    """True when something is other afterwards, so that a page of a stranger must not be able to ask for it."""
    return method not in SAFE_METHODS and path not in READING_POSTS
