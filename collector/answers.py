"""The one map from what happened to what OTLP says, for both transports.

A client does three things with an answer: it forgets the request (success), drops it (permanent) or sends it again
(retryable). What is not known to be permanent is retryable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from collector.otlp_json import encode_response
from collector.signals import Signal
from spanledger.errors import BadRequest, Retryable, SpoolFull, TooLarge, UnsupportedMedia

PROTOBUF, JSON = "application/x-protobuf", "application/json"
LONGEST_WAIT_SECONDS = 5


@dataclass(frozen=True)
class Answer:
    """A refusal in both protocols."""

    cause: str
    """One word for the counters."""
    http: int
    code: int
    """google.rpc.Code, which is also gRPC's."""
    message: str
    retry_after: int | None = None
    """Seconds; None: do not send it again."""

    @property
    def status(self) -> Message:
        """The google.rpc.Status that is the body over HTTP and the details over gRPC."""
        status = Status(code=self.code, message=self.message)
        if self.retry_after is not None:
            status.details.add().Pack(RetryInfo(retry_delay=Duration(seconds=self.retry_after)))
        return cast(Message, status)

    def body(self, form: str) -> bytes:
        """The HTTP body in the content type of the request."""
        return encode_response(self.status) if form == JSON else self.status.SerializeToString()


NO_KEY = Answer(
    "unauthenticated",
    401,
    Code.UNAUTHENTICATED,
    "This collector wants a key that may send (role ingest or admin): send `Authorization: Bearer <key>`.",
)
NO_ROUTE = Answer("unknown_path", 404, Code.NOT_FOUND, "Nothing is here; send to /v1/traces, /v1/logs or /v1/metrics.")
WRONG_METHOD = Answer(
    "wrong_method", 405, Code.UNIMPLEMENTED, "This method is not for this path; OTLP is sent by POST."
)

_PERMANENT: Mapping[type[BadRequest], tuple[str, int]] = {
    TooLarge: ("too_large", 413),
    UnsupportedMedia: ("unsupported_media", 415),
    BadRequest: ("bad_request", 400),
}


def answer_to(error: Exception, full: float) -> Answer:
    """The answer to an error; `full` is the spool's, from 0 to 1, and makes clients wait longer."""
    if isinstance(error, BadRequest):
        kind = next(kind for kind in _PERMANENT if isinstance(error, kind))
        cause, http = _PERMANENT[kind]
        return Answer(cause, http, Code.INVALID_ARGUMENT, str(error))
    if isinstance(error, SpoolFull):
        wait = 1 + round((LONGEST_WAIT_SECONDS - 1) * full)
        return Answer("spool_full", 503, Code.RESOURCE_EXHAUSTED, str(error), retry_after=wait)
    if isinstance(error, Retryable):
        return Answer("spool_unwritable", 503, Code.UNAVAILABLE, str(error), retry_after=LONGEST_WAIT_SECONDS)
    message = "The collector met an error of its own; its log says more. Send the request again later."
    return Answer("internal", 503, Code.UNAVAILABLE, message, retry_after=LONGEST_WAIT_SECONDS)


def success(signal: Signal, form: str, rejected: int = 0, reason: str = "") -> bytes:
    """The body of a success. It is empty but for what was rejected or mended."""
    return _success(signal, form) if not (rejected or reason) else _encode(partial(signal, rejected, reason), form)


@cache
def _success(signal: Signal, form: str) -> bytes:
    return _encode(signal.response(), form)


def partial(signal: Signal, rejected: int, reason: str) -> Message:
    """A success that says what was not taken; with nothing rejected, a warning."""
    response: Any = signal.response()
    response.partial_success.error_message = reason
    setattr(response.partial_success, signal.rejected_field, rejected)
    return cast(Message, response)


def _encode(message: Message, form: str) -> bytes:
    return encode_response(message) if form == JSON else message.SerializeToString()
