"""From where on a customer's cost is worth a word."""

from __future__ import annotations

from dataclasses import dataclass

from spanledger.settings import Settings

OWN_PURPOSES = ("eval", "shadow", "development")
"""Spend on our own work, even where it runs on a customer's data. Batch work is the customer's: it is done for them."""
LEAST_NAMED = 0.1
"""With a customer on less than this part of the calls nothing can be said of customers."""


@dataclass(frozen=True)
class Thresholds:
    """What settings say."""

    runaway_usd_per_day: float
    """A loss a day for which somebody is called at night; from half of it on a runaway is a ticket."""
    unknown_usd_per_day: float
    """The same for a customer whose revenue is not known: cost a day above its usual one."""
    loss_usd_per_month: float
    """A loss a month that is worth a ticket."""

    @staticmethod
    def of(settings: Settings) -> Thresholds:
        """Those of the settings."""
        return Thresholds(
            settings.cost_runaway_usd_per_day,
            settings.cost_runaway_unknown_usd_per_day,
            settings.cost_loss_usd_per_month,
        )

    @property
    def suspicious_usd_per_day(self) -> float:
        """A day's cost from which on a customer is looked at by the hour: half of what is a ticket, for 24 hours may
        lie half in one calendar day and half in the next."""
        return self.runaway_usd_per_day / 4
