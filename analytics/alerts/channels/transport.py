"""One HTTP request to a receiver: bounded in time, no redirects, and no address or key in what is said of failures."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urlsplit, urlunsplit

import orjson
import urllib3

from analytics.alerts.channels.contract import Refused

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
MOST_BODY = 2000
"""Of an error's body is read so much; of a success nothing."""
MOST_RETRY_AFTER = 3600.0
FAULT_OF_MESSAGE = frozenset({400, 413, 414, 415, 422})


@dataclass(frozen=True)
class Address:
    """Where requests go, with the key taken out of the URL."""

    url: str = field(repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str) -> Address:
        """`https://key@host/path` in its parts."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        clean = urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
        return cls(clean, unquote(parts.username or ""), unquote(parts.password or ""))

    def at(self, path: str) -> str:
        """The URL of a path below it."""
        return self.url.rstrip("/") + path


_POOL = urllib3.PoolManager(
    timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS), retries=False, maxsize=2
)


def post(url: str, body: object, headers: Mapping[str, str] | None = None) -> None:
    """Send JSON. Refused unless the answer is 2xx."""
    payload = body if isinstance(body, bytes) else orjson.dumps(body)
    sent = {"Content-Type": "application/json", "User-Agent": "spanledger", **(headers or {})}
    try:
        reply = _POOL.request("POST", url, body=payload, headers=sent, redirect=False, preload_content=False)
    except urllib3.exceptions.HTTPError as error:
        raise Refused(_in_words(error)) from None  # the cause would show the URL, which may be the key
    try:
        if not 200 <= reply.status < 300:
            raise Refused(
                f"It answered {reply.status}{_why(reply)}.",
                retry_after=_retry_after(reply.headers.get("Retry-After")),
                only_this=reply.status in FAULT_OF_MESSAGE,
            )
    finally:
        reply.close()


def _in_words(error: Exception) -> str:
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return f"No answer within {READ_SECONDS:.0f} s."
    if isinstance(error, urllib3.exceptions.SSLError):
        return "Its certificate can't be verified, or TLS fails."
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "Its name can't be resolved."
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return "The connection is refused or there is no way to it."
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return f"No connection within {CONNECT_SECONDS:.0f} s."
    return f"The connection broke ({type(error).__name__})."


def _why(reply: urllib3.BaseHTTPResponse) -> str:
    """The beginning of an error's body, as far as it comes soon. A word as long as a key is not repeated."""
    end, body = time.monotonic() + READ_SECONDS, b""
    try:
        while len(body) < MOST_BODY and time.monotonic() < end and (chunk := reply.read(200)):
            body += chunk
    except urllib3.exceptions.HTTPError:
        pass
    text = " ".join(body.decode(errors="replace").split())[:200]
    text = re.sub(r"[\w\-]{16,}", "…", re.sub(r"https?://\S+", "…", text))
    return f": {text}" if text else ""


def _retry_after(header: str | None) -> float | None:
    """Seconds, or a date."""
    if not header:
        return None
    try:
        seconds = float(header) if header.strip().isdecimal() else _until(header)
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), MOST_RETRY_AFTER)


def _until(header: str) -> float:
    moment = parsedate_to_datetime(header)
    moment = moment if moment.utcoffset() is not None else moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()
