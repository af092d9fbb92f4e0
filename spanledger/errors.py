"""Every error that spanledger raises on purpose.

One question decides how a caller reacts: would the same input fail again?

    SpanledgerError
    ├── Permanent                  the same input fails again: say so, keep the input, go on
    │   ├── BadSetting             a setting is wrong; the start stops
    │   ├── BadRequest             a request body that can't be understood (400)
    │   │   ├── TooLarge           ... or is larger than the bound (413)
    │   │   └── UnsupportedMedia   ... or is of a kind we don't take (415)
    │   ├── NotFound               nothing of that name or id
    │   ├── QueryRefused           a query that the query endpoint does not allow
    │   ├── QueryFailed            the engine can't answer this statement, now or later
    │   │   └── LimitExceeded      ... because it met its bound of time, memory or rows
    │   ├── BadMapping             a file of the mapping of dialects is wrong; the start stops
    │   └── MigrationFailed        a migration is changed or broken
    └── Retryable                  it may work later, unchanged
        ├── DataDirectoryBusy      another process owns the embedded engine's directory
        ├── EngineUnavailable      the engine is away or overloaded
        ├── SpoolFull              the spool has met its bound (503, RESOURCE_EXHAUSTED)
        └── SpoolUnwritable        the disk refuses: full, read-only, failing
"""

from __future__ import annotations


class SpanledgerError(Exception):
    """Base of all. The message says what happened, to what, and what to do."""


class Permanent(SpanledgerError):
    """The same input would fail again."""


class Retryable(SpanledgerError):
    """The same input may succeed later."""


class BadMapping(Permanent):
    """A file of the mapping of dialects can't be read, or says what makes no sense."""


class BadSetting(Permanent):
    """A setting has a wrong name or value; the message names it as the user wrote it."""


class BadRequest(Permanent):
    """A request that can't be understood."""


class NotFound(Permanent):
    """There is nothing of that name or id."""


class TooLarge(BadRequest):
    """A body, before or after decompression, above its bound in bytes."""

    def __init__(self, bound: int) -> None:
        self.bound = bound
        super().__init__(
            f"The body is larger than {bound:,} bytes (after decompression); "
            "send smaller batches or raise SPANLEDGER_MAX_BODY_BYTES."
        )


class UnsupportedMedia(BadRequest):
    """A content type or content encoding that is not taken."""


class QueryRefused(Permanent):
    """A statement that the query endpoint does not run, with the reason."""


class QueryFailed(Permanent):
    """The engine refused a statement or its data; `code` is ClickHouse's error code where known."""

    def __init__(self, message: str, code: int | None = None) -> None:
        self.code = code
        super().__init__(message)


class LimitExceeded(QueryFailed):
    """A query met its bound of time, memory or rows."""


class MigrationFailed(Permanent):
    """A migration that was changed after it ran, or that the engine refuses."""


class DataDirectoryBusy(Retryable):
    """Another process owns the data directory; the message says which."""


class EngineUnavailable(Retryable):
    """The engine is away, starting or overloaded."""

    def __init__(self, message: str, code: int | None = None) -> None:
        self.code = code
        super().__init__(message)


class SpoolFull(Retryable):
    """The spool has met its bound in bytes."""


class SpoolUnwritable(Retryable):
    """The disk under the spool refuses to write."""
