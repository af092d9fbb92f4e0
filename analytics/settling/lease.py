"""Who does a piece of work that one process at a time should do: a row that the holder renews."""

from __future__ import annotations

from analytics.settling.statements import statement
from spanledger.engine import Engine


class Lease:
    """On a server: of all processes that ask, the one that held it last. Embedded, the only one that there is."""

    def __init__(self, engine: Engine, name: str, holder: str) -> None:
        self._engine = engine
        self._name = name
        self._holder = holder

    def take(self, seconds: int) -> bool:
        """Hold it for so long from now on; False when another one does."""
        if self._engine.embedded:
            return True
        if self._held_by_other():
            return False
        values = {"name": self._name, "seconds": seconds, "holder": self._holder}
        self._engine.command(statement("take_lease"), values)
        return not self._held_by_other()

    def _held_by_other(self) -> bool:
        [[holder, valid]] = self._engine.rows(statement("lease"), {"name": self._name})
        return bool(valid) and str(holder) != self._holder
