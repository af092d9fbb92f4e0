"""`spanledger triage`: which of model, prompt, retrieval, tools and users moved before a bad time."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import orjson
import typer
from rich.console import Console
from rich.table import Table

from spanledger.cli import local
from spanledger.cli.tables import cell
from spanledger.filters import filter_of
from spanledger.moments import utc
from spanledger.settings import Settings, load

FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"]
HOURS = 6
"""Of the bad time, when nothing is said."""
STATES = {"moved": "moved", "still": "nothing moved", "not_seen": "not seen"}
console = Console()


def triage(  # noqa: PLR0913, PLR0917  (each is an option)
    since: Annotated[
        datetime | None, typer.Option("--from", formats=FORMATS, help="When it began to be bad; else 6 hours before.")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=FORMATS, help="Up to when; else now.")] = None,
    tenant: str = "",
    prompt: str = "",
    model: str = "",
    feature: str = "",
    filter: Annotated[str, typer.Option(help="In the filter language, e.g. 'provider = openai'.")] = "",
    metric: Annotated[str, typer.Option(help="cost, energy, missed, errors, failures, latency, auto, none.")] = "auto",
    finding: Annotated[str, typer.Option(help="Of this finding; then no time is needed.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.", show_default=False)] = False,
) -> None:
    """Which of model, prompt, retrieval, tools and users moved before a bad time, and what of it each explains."""
    settings = load()
    if finding:
        found = _of_finding(settings, finding)
    else:
        end = utc(until) if until else datetime.now(UTC)
        begin = utc(since) if since else end - timedelta(hours=HOURS)
        named = {"tenant": tenant, "prompt": prompt, "model": model, "feature": feature}
        found = _of_window(settings, begin, end, filter_of(named, filter), metric)
    if as_json:
        sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    _show(found)


def _of_window(settings: Settings, since: datetime, until: datetime, text: str, metric: str) -> dict[str, Any]:
    if base := local.address(settings):
        asked = urlencode({"from": since.isoformat(), "to": until.isoformat(), "filter": text, "metric": metric})
        return dict(local.call(settings, "GET", f"{base}/api/v1/triage?{asked}"))
    from analytics.triage.room import TriageRoom  # noqa: PLC0415 - what other commands need not import

    with local.opened(settings) as engine:
        return TriageRoom(engine, settings).window(since, until, text, metric)


def _of_finding(settings: Settings, finding_id: str) -> dict[str, Any]:
    if base := local.address(settings):
        return dict(local.call(settings, "GET", f"{base}/api/v1/findings/{quote(finding_id, safe='')}/triage"))
    from analytics.triage.room import TriageRoom  # noqa: PLC0415 - the same

    with local.opened(settings) as engine:
        return TriageRoom(engine, settings).finding(finding_id)


def _show(found: dict[str, Any]) -> None:
    console.print(cell(found["sentence"]), soft_wrap=True)
    table = Table("", "surface", "", "explains", "p", "since (UTC)", "what", box=None, header_style="bold")
    for place, surface in enumerate(found["surfaces"], 1):
        signs = surface["evidence"] or [None]
        for number, sign in enumerate(signs):
            first = number == 0
            table.add_row(
                str(place) if first else "",
                surface["surface"] if first else "",
                STATES[surface["state"]] if first else "",
                *(_sign(sign) if sign else ("", "", "", cell(surface["sentence"]))),
            )
    console.print(table)
    traces = f" Traces: {' '.join(found['trace_ids'])}" if found["trace_ids"] else ""
    sampled = f", {found['sampled']:.0%} of them read" if found["sampled"] < 1 else ""
    console.print(f"{found['traces']:,} traces since a week before{sampled}.{traces}", style="dim", highlight=False)


def _sign(sign: dict[str, Any]) -> tuple[Any, ...]:
    shares = ", ".join(f"{share['value']} {share['before']:.0%} → {share['after']:.0%}" for share in sign["values"][:2])
    of = f" of {sign['of']}" if sign["of"] else ""
    beside = " beside all others" if sign["against_others"] else ""
    power = "–" if sign["power"] is None else f"{sign['power']:.0%}"
    what = cell(f"{sign['meaning']}{of}{beside}: {shares}")
    return power, f"{sign['p']:.0e}", sign["at"][:16].replace("T", " "), what
