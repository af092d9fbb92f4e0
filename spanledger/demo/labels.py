"""What is true of a workload: the incidents that were planted, as data to hold findings against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spanledger.demo.clock import Stretch
from spanledger.demo.records import Ledger


@dataclass(frozen=True)
class Label:
    """One incident."""

    incident: str
    """Which kind of incident it is, e.g. `prefix_break`."""
    job: str
    """The job that should find it."""
    kinds: tuple[str, ...]
    """Kinds of finding that are right."""
    culprit: Mapping[str, str]
    """Dimension to value: what a finding must name."""
    when: Stretch
    severity: str
    """`page` or `ticket`: how loud a finding should be, when it has been seen for long enough."""
    story: str
    """One sentence: what was planted."""
    dollars: Ledger | None = None
    """What it costs, by time; None where no dollar figure is expected."""
    tenants: tuple[str, ...] = ()
    """Tenants whose figures it moves: other findings about them are explained by it."""
    features: tuple[str, ...] = ()
    """The same for features."""
    prompts: tuple[str, ...] = ()
    priced: tuple[str, ...] = ()
    """Of `kinds`, those whose dollars mean what the ledger means; empty: all."""

    def touches(self, subject: Mapping[str, str]) -> bool:
        """Whether a finding about such a subject is explained by this incident: nothing that it names is another's."""
        named = {"tenant": self.tenants, "feature": self.features, "prompt": self.prompts}
        return all(not known or subject.get(dimension, "") in ("", *known) for dimension, known in named.items())
