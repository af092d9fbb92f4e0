"""Scores that come by the API: made OTLP evaluation events and inserted as the drain inserts them, without the spool.

The answer goes out when the engine has them on disk. While it is away the client is told to come again, so nothing that
was acknowledged is lost.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from collector.insert import insert
from collector.signals import LOGS
from spanledger.engine import Engine

EVENT = "gen_ai.evaluation.result"
SCOPE = "spanledger.scores"


class Score(Protocol):
    """One score, as the API takes it; `at` in Unix seconds, None: now."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def value(self) -> float | None: ...  # noqa: D102
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def explanation(self) -> str: ...  # noqa: D102
    @property
    def trace_id(self) -> str: ...  # noqa: D102
    @property
    def span_id(self) -> str: ...  # noqa: D102
    @property
    def tenant(self) -> str: ...  # noqa: D102
    @property
    def user_id(self) -> str: ...  # noqa: D102
    @property
    def session_id(self) -> str: ...  # noqa: D102
    @property
    def response_id(self) -> str: ...  # noqa: D102
    @property
    def at(self) -> float | None: ...  # noqa: D102
    @property
    def attributes(self) -> Mapping[str, str]: ...  # noqa: D102


class ScoreTaker:
    """Stores scores in `events`."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def take(self, scores: Iterable[Score], once: str) -> None:
        """Store them; of requests with the same `once`, if it is not empty, only the first is."""
        request = ExportLogsServiceRequest()
        scope = request.resource_logs.add().scope_logs.add()
        scope.scope.name = SCOPE
        scope.log_records.extend(self._record(score) for score in scores)
        token = f"scores {once or secrets.token_hex(16)}"
        insert(self._engine, LOGS, request.SerializeToString(), token)

    def _record(self, score: Score) -> LogRecord:
        moment = int((score.at if score.at is not None else self._clock()) * 1e9)
        texts = {
            "gen_ai.evaluation.name": score.name,
            "gen_ai.evaluation.score.label": score.label,
            "gen_ai.evaluation.explanation": score.explanation,
            "gen_ai.conversation.id": score.session_id,
            "gen_ai.response.id": score.response_id,
            "tenant.id": score.tenant,
            "user.id": score.user_id,
            **score.attributes,
        }
        attributes: list[Any] = [_attribute(key, string_value=text) for key, text in texts.items() if text]
        if score.value is not None:
            attributes.append(_attribute("gen_ai.evaluation.score.value", double_value=score.value))
        return LogRecord(
            time_unix_nano=moment,
            observed_time_unix_nano=int(self._clock() * 1e9),
            event_name=EVENT,
            trace_id=bytes.fromhex(score.trace_id),
            span_id=bytes.fromhex(score.span_id),
            attributes=attributes,
        )


def _attribute(key: str, **value: Any) -> Any:
    return KeyValue(key=key, value=AnyValue(**value))
