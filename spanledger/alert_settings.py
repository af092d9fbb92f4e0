"""Settings of alerts: where pages go, how often rules are looked at, and when spanledger pages about itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, SecretStr


def _lines(value: object) -> object:
    """A string as a tuple of its non-empty lines, trimmed."""
    return tuple(line.strip() for line in value.splitlines() if line.strip()) if isinstance(value, str) else value


SecretLines = Annotated[tuple[SecretStr, ...], BeforeValidator(_lines)]


class AlertSettings(BaseModel):
    """The part of `Settings` that alerts read."""

    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s]+)?$",
        description="Address at which people reach the pages; links in alerts start with it.",
    )
    alert_channels: SecretLines = Field(
        (),
        description="Where alerts go: `name=url`, one a line (in the TOML file a list). docs/alerts.md has the forms "
        "of URLs. They hold keys, so no answer, page or log shows them.",
    )
    alert_rules_file: str = Field(
        "", description="TOML file of rules of alerts. Empty: each finding of severity `page` goes to all channels."
    )
    alert_schedule: str = Field("on", pattern="^(on|off)$", description="`off`: no rule is evaluated, nothing is sent.")
    alert_every_seconds: float = Field(60, gt=0, le=3600, description="How often rules are evaluated.")
    alert_channel_dead_after_seconds: float = Field(
        300,
        gt=0,
        description="A channel that has taken nothing for so long while something waits raises an alert on the others: "
        "five minutes, longer than a receiver's restart.",
    )
    alert_rows_missing_minutes: float = Field(
        30, ge=0, description="An alert when no span has come for so long, after some came within a day. 0: off."
    )
    alert_spool_share: float = Field(
        0.8, gt=0, le=1, description="An alert when the spool is fuller than this: the engine does not keep up."
    )
    alert_jobs_late_minutes: float = Field(
        120, ge=0, description="An alert when a job's window has waited so long; catching up takes less. 0: off."
    )
    alert_storm_pages: int = Field(
        20,
        ge=0,
        description="So many alerts are paged one by one within a minute, the loudest and dearest first; one page more "
        "tells how many others there are. Nobody reads more in a minute. 0: no bound.",
    )
