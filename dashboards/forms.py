"""Forms that change something: posted, answered with a way back to a page (303).

The doorkeeper refuses those of other sites before they come here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from dashboards.page import NotThere, failure
from spanledger.errors import BadRequest, SpanledgerError

MOST_FIELDS = 50

Fields = dict[str, str]
Handle = Callable[[Fields, dict[str, str]], str]
"""Does what was asked; from the fields and the parameters of the path to the address to show next."""


async def fields(request: Request) -> Fields:
    """The fields of a posted form, each once, as text. BadRequest when it is none."""
    body = (await request.body()).decode(errors="replace")
    try:
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise BadRequest(f"A form has at most {MOST_FIELDS} fields.") from None


Posted = Annotated[Fields, Depends(fields)]


def add_form(routes: APIRouter, path: str, handle: Handle) -> None:
    """Register a form's address. Handlers are sync: they run in threads."""

    def post(request: Request, given: Posted) -> Response:
        try:
            return RedirectResponse(handle(given, dict(request.path_params)), 303)
        except (SpanledgerError, NotThere) as error:
            return failure(error, request, datetime.now(UTC))

    routes.add_api_route(path, post, methods=["POST"], response_class=RedirectResponse)
