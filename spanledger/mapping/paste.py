"""What somebody pastes to see how it is mapped, as an OTLP/JSON request: a request, one span, or only attributes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import orjson

from spanledger.errors import BadRequest
from spanledger.otlp_attributes import as_attributes

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
FORMS = "an OTLP/JSON request, one span of it, a span as a console exporter prints it, or an object of attributes"
LONGEST = 500_000
"""Characters."""
Json = dict[str, Any]


def as_request(text: str, scope: str = "") -> bytes:
    """An OTLP/JSON request of what was pasted; `scope` names the instrumentation where it names none.

    BadRequest for a text that is too long or no JSON object, with the place.
    """
    if len(text) > LONGEST:
        raise BadRequest(f"The text has {len(text):,} characters; at most {LONGEST:,} are looked at.")
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"This is no JSON: {error}. Paste {FORMS}.") from error
    if not isinstance(given, dict) or not given:
        raise BadRequest(f"This is no JSON object. Paste {FORMS}.")
    if "resourceSpans" in given or "resource_spans" in given:
        return orjson.dumps(given)
    span, resource, own_scope = _span(given)
    scopes = {"scope": {"name": own_scope or scope[:500]}, "spans": [span]}
    return orjson.dumps({"resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": [scopes]}]})


def _span(given: Json) -> tuple[Json, list[Json], str]:
    """(span, attributes of its resource, name of its scope)."""
    attributes = given.get("attributes")
    now = time.time_ns()
    made = {"traceId": TRACE, "spanId": SPAN, "name": "pasted", "startTimeUnixNano": str(now),
        "endTimeUnixNano": str(now + 10**9)}  # fmt: skip
    if isinstance(attributes, list):
        return made | given, [], ""
    if not isinstance(attributes, Mapping):
        return made | {"attributes": as_attributes(given)}, [], ""
    resource = given.get("resource")
    said = resource.get("attributes") if isinstance(resource, Mapping) else None
    scope = given.get("instrumentation_scope", given.get("instrumentationScope"))
    name = scope.get("name") if isinstance(scope, Mapping) else ""
    kept = made | {"name": str(given.get("name", "pasted")), "attributes": as_attributes(attributes)}
    return kept, as_attributes(said) if isinstance(said, Mapping) else [], str(name or "")
