"""Forms that change something: posted, answered with a way back to a page (303); other sites may not send them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from dashboards.page import NotThere, failure
from spanledger.errors import BadRequest, SpanledgerError

MOST_FIELDS = 50
OWN = ("same-origin", "none")
"""What a browser says of a request that one of our own pages sent, or the user by hand."""

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
            refuse_strangers(request)
            return RedirectResponse(handle(given, dict(request.path_params)), 303)
        except (SpanledgerError, NotThere) as error:
            return failure(error, request, datetime.now(UTC))

    routes.add_api_route(path, post, methods=["POST"], response_class=RedirectResponse)


def refuse_strangers(request: Request) -> None:
    """BadRequest for a form that a page of another site posted through the user's browser.

    Where the browser does not say by `Sec-Fetch-Site`, `Origin` does; our pages send no referrer, so theirs is `null`.
    """
    site, origin = request.headers.get("sec-fetch-site", ""), request.headers.get("origin", "null")
    strange = (
        site not in OWN if site else origin != "null" and urlsplit(origin).netloc != request.headers.get("host", "")
    )
    if strange:
        raise BadRequest("This form was sent by a page of another site. Open the page here and send it from there.")
