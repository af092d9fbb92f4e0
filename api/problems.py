"""The one place that turns errors into answers: RFC 9457 problem details."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.headers import SECURITY_HEADERS
from spanledger import errors

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

LIMIT_SETTINGS = {
    158: ("rows read", "SPANLEDGER_QUERY_MAX_ROWS_READ"),
    159: ("time", "SPANLEDGER_QUERY_MAX_SECONDS"),
    160: ("time", "SPANLEDGER_QUERY_MAX_SECONDS"),
    241: ("memory", "SPANLEDGER_QUERY_MAX_MEMORY_BYTES"),
    396: ("rows of the answer", "SPANLEDGER_QUERY_MAX_ROWS"),
}
"""ClickHouse code of a limit to what it bounds and the setting that moves it."""


@dataclass(frozen=True)
class Kind:
    """What all problems of one kind share. `slug` ends the problem's `type`; clients may rely on it."""

    status: int
    slug: str
    title: str
    retry_after: int | None = None
    """Seconds."""


KINDS: dict[type[errors.SpanledgerError], Kind] = {
    errors.QueryRefused: Kind(403, "query-refused", "This query is not allowed"),
    errors.LimitExceeded: Kind(422, "limit-exceeded", "The query met a limit"),
    errors.QueryFailed: Kind(400, "query-failed", "The engine can't answer this query"),
    errors.TooLarge: Kind(413, "too-large", "The body is too large"),
    errors.UnsupportedMedia: Kind(415, "unsupported-media", "This kind of body is not taken"),
    errors.NotFound: Kind(404, "not-found", "There is no such thing"),
    errors.BadRequest: Kind(400, "bad-request", "The request can't be understood"),
    errors.Retryable: Kind(503, "unavailable", "Not now", retry_after=2),
    errors.SpanledgerError: Kind(500, "internal", "This went wrong on our side"),
}
"""Our errors; one that is not listed is answered as its nearest base."""


def kind_of(error: errors.SpanledgerError) -> Kind:
    """The kind of the nearest class of `error` that is listed."""
    return next(KINDS[cls] for cls in type(error).__mro__ if cls in KINDS)


def problem(kind: Kind, detail: str, headers: Mapping[str, str] | None = None, **members: object) -> Response:
    """The answer for one problem; `members` with a value stand beside the standard ones."""
    body = {"type": f"urn:spanledger:problem:{kind.slug}", "title": kind.title, "status": kind.status, "detail": detail}
    body |= {name: value for name, value in members.items() if value is not None}
    retry = {"Retry-After": str(kind.retry_after)} if kind.retry_after else {}
    return Response(
        orjson.dumps(body), kind.status, {**SECURITY_HEADERS, **retry, **(headers or {})}, media_type=MEDIA_TYPE
    )


def of_status(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The problem for an HTTP status that has no error of ours."""
    phrase = HTTPStatus(status).phrase
    return problem(Kind(status, phrase.lower().replace(" ", "-"), phrase), detail, headers)


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem."""
    app.add_exception_handler(errors.SpanledgerError, _of_ours)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_unknown)


def _of_ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, errors.SpanledgerError)  # noqa: S101 - how Starlette types its handlers
    code: int | None = getattr(error, "code", None)
    detail = _sentence(str(error))
    limit, setting = None, None
    if isinstance(error, errors.LimitExceeded) and code in LIMIT_SETTINGS:
        limit, setting = LIMIT_SETTINGS[code]
        detail = f"The query met its limit of {limit}; ask for less, or raise {setting}. {detail}"
    place, meant = getattr(error, "position", None), getattr(error, "suggestion", None) or None  # of a filter
    return problem(kind_of(error), detail, code=code, limit=limit, setting=setting, position=place, suggestion=meant)


def _sentence(message: str) -> str:
    """An engine's message without what it puts around it: its class names, its version, its name of the error."""
    message = re.sub(r"^(Code: \d+\. )?(DB::Exception: )?((Code: \d+\. )?DB::Exception: )*", "", message)
    return re.sub(r"( \(version [^)]*\)\.?)|( \([A-Z0-9_]+\)(?=\.?$))", "", message).strip()


def _of_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem(KINDS[errors.BadRequest], "The body is not JSON.")
    places = [{"place": _place(item), "message": item["msg"]} for item in found]
    detail = "; ".join(f"{item['place']}: {item['message']}" for item in places)
    return problem(Kind(422, "invalid", "The request has a wrong shape"), detail, errors=places)


def _place(item: Mapping[str, Any]) -> str:
    return ".".join(str(part) for part in item["loc"])


def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    detail = str(error.detail)
    if error.status_code == 404 and detail == HTTPStatus.NOT_FOUND.phrase:
        detail = f"There is nothing at {request.url.path}; /openapi.json lists what there is."
    if error.status_code == 405:
        detail = f"{request.method} is not possible at {request.url.path}."
    return of_status(error.status_code, detail, error.headers)


def _of_unknown(request: Request, error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(KINDS[errors.SpanledgerError], "An error that we did not expect; the log of the service has it.")
