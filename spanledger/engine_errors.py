"""What errors of the driver mean: `EngineUnavailable` (it may work later) or `QueryFailed` (it will not)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from spanledger.errors import EngineUnavailable, LimitExceeded, QueryFailed, SpanledgerError

LIMIT_CODES = frozenset({158, 159, 160, 241, 307, 396})
"""ClickHouse: TOO_MANY_ROWS, TIMEOUT_EXCEEDED, TOO_SLOW, MEMORY_LIMIT_EXCEEDED, TOO_MANY_BYTES, .._ROWS_OR_BYTES."""

RETRYABLE_CODES = frozenset(
    {
        74, 75, 76, 77,  # can't read, write, open or close a file
        159, 160,  # time is up
        173,  # CANNOT_ALLOCATE_MEMORY
        201, 202,  # quota, too many simultaneous queries
        203, 209, 210, 236,  # no free connection, socket timeout, network, aborted
        241,  # MEMORY_LIMIT_EXCEEDED: of all queries together, so later may do
        242, 243,  # table is read-only, NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS: merges lag behind
        279, 285, 286, 287, 289, 319,  # replicas away, quorum not met, status of insert unknown
        394, 425, 439,  # cancelled, system error, can't schedule a task
        499, 999, 1000, 1001,  # object storage, keeper, and exceptions from below
    }
)  # fmt: skip
"""ClickHouse codes after which the same statement may work."""

DRIVER_PREAMBLE = re.compile(r"^Received ClickHouse exception, code: \d+, server response: ")
KEY_OF_HASHES = re.compile(r"(?<!\d)\d{19,20}(?!\d)")
"""A number as long as the halves of the key in the views (`spanledger.content`), which errors may quote."""
SERVER_FAULT = re.compile(r"^HTTP driver received HTTP status (429|5\d\d)")
"""An error answer without ClickHouse's code: of a proxy or load balancer that can't reach it."""


@contextmanager
def mapped(limits_are_final: bool) -> Iterator[None]:
    """Turn each error of the driver into one of ours. This is the only place that knows the driver's errors."""
    try:
        yield
    except ClickHouseError as error:
        raise map_error(error, limits_are_final) from error
    except OSError as error:
        raise EngineUnavailable(f"The engine can't be reached: {error}") from error


def map_error(error: ClickHouseError, limits_are_final: bool) -> SpanledgerError:
    """The error of ours that a driver's error stands for.

    A query from outside that meets a limit would meet it again; for an insert of ours it is a busy hour.
    """
    code = getattr(error, "code", None)
    message = DRIVER_PREAMBLE.sub("", str(error).strip().replace("\n", " "))
    message = KEY_OF_HASHES.sub("<number>", message)
    if limits_are_final and code in LIMIT_CODES:
        return LimitExceeded(message, code)
    if code is None and error.__cause__ is not None and isinstance(error, OperationalError):
        # the driver's own text, and that of a MaxRetryError, hold the whole URL with the statement's parameters
        cause = getattr(error.__cause__, "reason", None) or error.__cause__
        return EngineUnavailable(f"The ClickHouse server does not answer: {cause}")
    if code in RETRYABLE_CODES or (
        code is None and (isinstance(error, OperationalError) or SERVER_FAULT.match(message))
    ):
        return EngineUnavailable(message, code)
    return QueryFailed(message, code)
