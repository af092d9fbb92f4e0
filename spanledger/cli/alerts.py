"""Commands of alerts. On the running service when there is one, else on its data."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from spanledger.cli.alert_room import entered
from spanledger.errors import BadRequest
from spanledger.moments import read_moment
from spanledger.settings import load

app = typer.Typer(help="Alerts: what fires, who has it, where it goes.", no_args_is_help=True)
rules_app = typer.Typer(help="Rules of alerts.", no_args_is_help=True)
app.add_typer(rules_app, name="rules")
console = Console()

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.", show_default=False)]
By = Annotated[str, typer.Option(help="Who; the name of the user here, if left out.")]


@app.command("list")
def alerts_list(state: str = "open", severity: str = "", rule: str = "", as_json: AsJson = False) -> None:
    """Alerts that are not over (`--state ''`: all), what changed last first."""
    with entered(load()) as room:
        rows = room.alerts(state, severity, rule, 1000)
    if as_json:
        _write(rows)
    elif rows:
        console.print(_table(rows))
    else:
        console.print("No alert.")


@app.command("show")
def alerts_show(alert_id: str, as_json: AsJson = False) -> None:
    """All of one alert: what it says, its changes, what was tried to deliver them."""
    with entered(load()) as room:
        alert = room.alert(alert_id)
    if as_json:
        _write(alert)
        return
    for name, value in alert.items():
        if name not in ("history", "deliveries") and value not in (None, "", [], {}):
            console.print(f"[bold]{name}[/] {escape(str(value))}", highlight=False)
    console.print(_lines("history", alert["history"], ("at", "state", "event", "channels", "title")))
    console.print(_lines("deliveries", alert["deliveries"], ("at", "channel", "outcome", "attempt", "error")))


@app.command("ack")
def alerts_ack(alert_id: str, by: By = "") -> None:
    """Acknowledge an alert: somebody has it, so there are no reminders and no escalation."""
    with entered(load()) as room:
        alert = room.acknowledge(alert_id, by or getpass.getuser())
    console.print(f"{escape(alert['title'])}: {alert['state']}.", highlight=False)


@app.command("silence")
def alerts_silence(
    matchers: Annotated[list[str], typer.Argument(help="label=pattern, e.g. tenant=acme or rule=cost*; all must fit.")],
    until: Annotated[str, typer.Option(help="2026-11-22T08:00:00Z, or a time from now: 90m, 2h, 3d.")] = "2h",
    comment: str = "",
    by: By = "",
) -> None:
    """Send nothing of what fits until then. What still fires at the end is sent then."""
    pairs = dict(_pair(text) for text in matchers)
    with entered(load()) as room:
        made = room.silence(pairs, _moment(until), by or getpass.getuser(), comment)
    console.print(f"Silence {made['silence_id']} until {made['ends_at']}.", highlight=False)


@app.command("test")
def alerts_test(channel: str) -> None:
    """Send a test page and its resolution to a channel, and say whether it took them."""
    with entered(load()) as room:
        answer = room.test(channel)
    console.print(f"{channel} ({answer['kind']}): {'taken.' if answer['ok'] else answer['error']}", highlight=False)
    if not answer["ok"]:
        sys.exit(1)


@rules_app.command("check")
def rules_check(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Read a file of rules, and say what is wrong with it. Runs no query."""
    from analytics.alerts.rules import parse_file  # noqa: PLC0415 - what other commands need not import

    rules = parse_file(file.read_text(encoding="utf-8"))
    console.print(f"{len(rules.rule)} rules, {len(rules.maintenance)} maintenance windows: fine.", highlight=False)


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table("alert", "state", "severity", "since", "rule", "title")
    for row in rows:
        state = f"{row['state']}{' (silenced)' if row['silenced_by'] else ''}{' (flapping)' if row['flapping'] else ''}"
        table.add_row(
            row["alert_id"], state, row["severity"], row["since"][:16], escape(row["rule"]), escape(row["title"])
        )
    return table


def _lines(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> Table:
    table = Table(*columns, title=title, title_justify="left")
    for row in rows[:30]:
        table.add_row(*(escape(str(row[name])) for name in columns))
    return table


def _pair(text: str) -> tuple[str, str]:
    name, equals, pattern = text.partition("=")
    if not equals or not name:
        raise BadRequest(f"{text!r} is not of the form label=pattern, e.g. tenant=acme.")
    return name, pattern


def _moment(text: str) -> datetime:
    from analytics.alerts.rules import duration  # noqa: PLC0415 - the same

    try:
        return datetime.now(UTC) + duration(text)
    except ValueError:
        pass
    try:
        return read_moment(text)
    except ValueError as error:
        raise BadRequest(f"{error}, or a length as in 2h.") from error


def _write(value: object) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
