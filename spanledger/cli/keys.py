"""`spanledger keys …` and `spanledger audit`. On the running service when there is one, else on its data."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import orjson
import typer
from rich.console import Console
from rich.table import Table

from spanledger.access.audit import AuditLog
from spanledger.access.store import KeyStore
from spanledger.cli.local import address, call, note, opened
from spanledger.cli.tables import cell
from spanledger.errors import BadRequest
from spanledger.moments import read_moment
from spanledger.settings import Settings, load

app = typer.Typer(help="Keys of the API, the pages and the receivers.", no_args_is_help=True)
console = Console()

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.", show_default=False)]


@app.command("create")
def keys_create(
    name: Annotated[str, typer.Option(help="Who or what has it.")],
    role: Annotated[str, typer.Option(help="ingest: may send; read: may look; admin: may do all.")] = "read",
    tenant: Annotated[
        list[str] | None, typer.Option(help="Whose rows it may read, with role read; repeatable.")
    ] = None,
    expires: Annotated[str, typer.Option(help="90d, 12h, or a time: 2027-01-01T00:00:00Z. Empty: never.")] = "",
) -> None:
    """Make a key and show it, once."""
    settings = load()
    asked: dict[str, Any] = {"name": name, "role": role, "tenants": tenant or []}
    until = _moment(expires) if expires else None
    if base := address(settings):
        body = {**asked, "expires_at": until.isoformat() if until else None}
        made = call(settings, "POST", f"{base}/api/v1/keys", body)
    else:
        with opened(settings) as engine:
            made = KeyStore(engine, settings.data_dir).create(**asked, expires_at=until, by=getpass.getuser())
            note(engine, "keys create", made["key_id"], name, role, *asked["tenants"])
    sys.stdout.write(f"{made['key']}\n")
    sys.stderr.write(f"Key {made['key_id']} ({role}). It is shown only now; only its hash is kept.\n")


@app.command("list")
def keys_list(as_json: AsJson = False) -> None:
    """The keys that were made, without those of SPANLEDGER_API_KEYS."""
    settings = load()
    if base := address(settings):
        keys = call(settings, "GET", f"{base}/api/v1/keys")["keys"]
    else:
        with opened(settings) as engine:
            keys = KeyStore(engine, settings.data_dir).shown()
    _show(keys, as_json, ("key_id", "name", "role", "tenants", "created_at", "expires_at", "used_at", "revoked_at"))


@app.command("revoke")
def keys_revoke(key_id: str) -> None:
    """Close a key for ever."""
    settings = load()
    if base := address(settings):
        revoked = call(settings, "DELETE", f"{base}/api/v1/keys/{quote(key_id, safe='')}")
    else:
        with opened(settings) as engine:
            revoked = KeyStore(engine, settings.data_dir).revoke(key_id)
            note(engine, "keys revoke", key_id)
    sys.stdout.write(f"Key {revoked['key_id']} ({revoked['name']}) opens nothing any more.\n")


def audit(
    actor: Annotated[str, typer.Option(help="Name of the key, or of who ran a command.")] = "",
    action: Annotated[str, typer.Option(help="GET, POST, PUT, DELETE or command.")] = "",
    since: Annotated[str, typer.Option(help="A time, or how long ago: 12h, 7d.")] = "7d",
    limit: int = 100,
    as_json: AsJson = False,
) -> None:
    """Who did what: changes, queries and exports, the last first."""
    settings = load()
    begin = _moment(since, sign=-1)
    entries = _entries(settings, actor, action, begin, limit)
    _show(entries, as_json, ("at", "actor", "role", "address", "action", "subject", "status", "details"))


def _entries(settings: Settings, actor: str, action: str, since: datetime, limit: int) -> list[dict[str, Any]]:
    if base := address(settings):
        asked = {"actor": actor, "action": action, "since": since.isoformat(), "limit": limit}
        return list(call(settings, "GET", f"{base}/api/v1/audit?{urlencode(asked)}")["entries"])
    with opened(settings) as engine:
        return AuditLog(engine).read(actor, action, since, limit)


def _show(rows: list[dict[str, Any]], as_json: bool, columns: tuple[str, ...]) -> None:
    if as_json:
        sys.stdout.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(cell(_plain(row[name])) for name in columns))
    console.print(table if rows else "Nothing.")


def _plain(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value


def _moment(text: str, sign: int = 1) -> datetime:
    """A time, or how far from now in the direction of `sign`."""
    units = {"m": "minutes", "h": "hours", "d": "days"}
    if text[:-1].isdecimal() and text[-1] in units and len(text) < 8:
        return datetime.now(UTC) + sign * timedelta(**{units[text[-1]]: int(text[:-1])})
    try:
        return read_moment(text)
    except ValueError:
        raise BadRequest(f"{text!r} is no time; write 90d, 12h or 2027-01-01T00:00:00Z.") from None
