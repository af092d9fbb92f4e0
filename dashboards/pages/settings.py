"""The settings in force: values, where they come from, what they mean. Secrets are only said to be set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.asked import Asked
from dashboards.page import Page
from spanledger.alert_settings import AlertSettings
from spanledger.figures import plural
from spanledger.job_settings import JobSettings
from spanledger.settings import Settings, secret, source, variable

SHEET = ("variable", "value", "source", "default", "meaning")
GROUPS = (
    ("Your attribute names", ("attributes_",)),
    ("Content and access", ("content", "api_keys", "cors_")),
    ("Energy", ("energy_",)),
    ("Settling", ("settle_", "outcome_")),
    ("Limits", ("max_", "query_", "engine_", "spool_", "segment_", "seal_", "resend_")),
)
"""(heading, beginnings of names) of settings that are of no other part."""
ORDER = ("Service", *(heading for heading, _ in GROUPS), "Retention", "Jobs", "Alerts")


@dataclass(frozen=True)
class Setting:
    """One setting as the page shows it."""

    variable: str
    value: str
    source: str
    """`environment`, `settings file` or `default`."""
    default: str
    meaning: str


@dataclass(frozen=True)
class SettingsView:
    """What settings.html is given."""

    title: str
    question: str
    groups: dict[str, list[Setting]]


def page(settings: Settings) -> Page:
    """The page over the settings of this process, which never change while it runs."""

    def load(_asked: Asked, _path: dict[str, str]) -> SettingsView:
        return read(settings)

    return Page("/settings", "settings.html", load, rows=sheet, nav="Settings")


def read(settings: Settings) -> SettingsView:
    """All settings, by what they are about."""
    groups: dict[str, list[Setting]] = {heading: [] for heading in ORDER}
    for name in Settings.model_fields:
        groups[_group(name)].append(_setting(settings, name))
    given = sum(each.source != "default" for group in groups.values() for each in group)
    total = sum(map(len, groups.values()))
    title = f"{given} of {plural(total, 'setting')} {'differs' if given == 1 else 'differ'} from the default"
    return SettingsView(title, "How is this service set up?", groups)


def _group(name: str) -> str:
    if name in AlertSettings.model_fields:
        return "Alerts"
    if name in JobSettings.model_fields:
        return "Jobs"
    if "retention" in name:
        return "Retention"
    return next((heading for heading, starts in GROUPS if name.startswith(starts)), "Service")


def _setting(settings: Settings, name: str) -> Setting:
    field = Settings.model_fields[name]
    came = source(settings, name)
    value, default = _shown(getattr(settings, name)), _shown(field.default)
    if secret(name):
        value, default = "set, not shown" if getattr(settings, name) != field.default else "not set", "not set"
    return Setting(variable(name), value, came, default, field.description or "")


def _shown(value: object) -> str:
    if value in ("", ()):
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def sheet(view: SettingsView) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """As a table for CSV."""
    return SHEET, [[getattr(each, name) for name in SHEET] for group in view.groups.values() for each in group]
