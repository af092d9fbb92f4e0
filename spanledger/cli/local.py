"""Commands on data that a running service may own: over its API when one runs, else on an engine opened here."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import urllib3

from collector.quarantine import Quarantine
from spanledger import guard
from spanledger.access.audit import AuditLog, of_command
from spanledger.access.keyring import COMMAND_FILE
from spanledger.answers import Answer
from spanledger.deletion import delete as delete_rows
from spanledger.energy.own import import_csv
from spanledger.energy.renew import renew_day
from spanledger.energy.reports import by_set
from spanledger.energy.reports import explain as explain_energy
from spanledger.engine import Engine, open_engine
from spanledger.errors import EngineUnavailable, QueryFailed
from spanledger.ownership import read_owner
from spanledger.settings import Settings
from spanledger.upgrade import upgrade

TIMEOUT_SECONDS = 120.0


def query(settings: Settings, sql: str, parameters: Mapping[str, Any] | None = None) -> Answer:
    """The rows of one read-only statement."""
    values = dict(parameters or {})
    if base := address(settings):
        body = call(settings, "POST", f"{base}/api/v1/query", {"sql": sql, "parameters": values})
        columns = [(column["name"], column["type"]) for column in body["columns"]]
        return Answer(columns, body["rows"], body["elapsed_ms"], body["rows_read"])
    with opened(settings) as engine:
        return engine.query_guarded(guard.check(engine, sql, values), values)


def rejected(settings: Settings) -> list[dict[str, Any]]:
    """What lies in quarantine."""
    if base := address(settings):
        return list(call(settings, "GET", f"{base}/api/v1/rejected")["rejected"])
    with opened(settings) as engine:
        return [vars(entry) for entry in Quarantine(engine, settings.data_dir, time.time).rejected()]


def retry_rejected(settings: Settings) -> list[tuple[str, str]]:
    """Try all of quarantine again: each file with '' or the reason why it is still refused."""
    if base := address(settings):
        outcomes = call(settings, "POST", f"{base}/api/v1/rejected/retry")["outcomes"]
        return [(outcome["file"], outcome["reason"]) for outcome in outcomes]
    with opened(settings) as engine:
        return [(entry.file, reason) for entry, reason in Quarantine(engine, settings.data_dir, time.time).retry()]


def delete(settings: Settings, kind: str, value: str) -> dict[str, int]:
    """Delete a `trace` or a `tenant`; rows deleted by table."""
    if base := address(settings):
        path = f"{base}/api/v1/{kind}s/{quote(value, safe='')}"
        return dict(call(settings, "DELETE", path)["deleted"])
    with opened(settings) as engine:
        note(engine, "delete", kind, value)
        return delete_rows(engine, kind, value)


def import_energy(settings: Settings, text: str) -> dict[str, int]:
    """Add one's own factors or carbon intensities; rows added by kind."""
    if base := address(settings):
        return dict(call(settings, "POST", f"{base}/api/v1/energy/import", {"csv": text}))
    with opened(settings) as engine:
        return dict(vars(import_csv(engine, text)))


def renew_energy(settings: Settings, day: date) -> dict[str, int]:
    """Work out the energy of a day's calls again: how many there are, how many have other figures now."""
    if base := address(settings):
        return dict(call(settings, "POST", f"{base}/api/v1/energy/renew", {"day": day.isoformat()}))
    with opened(settings) as engine:
        done = renew_day(engine, settings, day)
        return {"calls": done.calls, "changed": done.changed}


def energy_of(settings: Settings, span_id: str) -> list[dict[str, Any]]:
    """How the energy of the spans with an id came about."""
    if base := address(settings):
        return list(call(settings, "GET", f"{base}/api/v1/energy/spans/{quote(span_id, safe='')}")["spans"])
    with opened(settings) as engine:
        answer = explain_energy(engine, settings, [span_id])
    return answer.records()


def energy_by_set(settings: Settings, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Energy and carbon of a window's calls under every factor set."""
    if base := address(settings):
        window = urlencode({"from": since.isoformat(), "to": until.isoformat()})
        return list(call(settings, "GET", f"{base}/api/v1/energy/sets?{window}")["sets"])
    with opened(settings) as engine:
        return by_set(engine, settings, since, until).records()


def address(settings: Settings) -> str:
    """Base URL of the service that owns the data; '' when nobody does, or when the data is on a server."""
    if not settings.embedded:
        return ""
    owner = read_owner(settings.data_dir / "engine.lock")
    if owner and not owner.address:
        raise EngineUnavailable(f"`spanledger {owner.role}` (process {owner.pid}) is starting; try again in a moment.")
    return owner.address if owner else ""


@contextmanager
def opened(settings: Settings) -> Iterator[Engine]:
    """An engine of this process, with all tables up to date."""
    engine = open_engine(settings, role="command")
    try:
        for _ in upgrade(engine, settings):
            pass
        yield engine
    finally:
        engine.close()


def note(engine: Engine, *command: str) -> None:
    """Write into the audit log what a command does that opened the engine itself."""
    log = AuditLog(engine)
    log.note(of_command(getpass.getuser(), command))
    log.flush()


def headers(settings: Settings) -> dict[str, str]:
    """What a request to the running service must carry."""
    key = settings.api_keys[0].get_secret_value() if settings.api_keys else _command_key(settings)
    return {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}


def _command_key(settings: Settings) -> str:
    """That of the service over this data directory, for who may read it; '' when there is none."""
    try:
        return (settings.data_dir / COMMAND_FILE).read_text()
    except FileNotFoundError:
        return ""


def call(settings: Settings, method: str, url: str, body: object = None, seconds: float = TIMEOUT_SECONDS) -> Any:
    """The answer of the running service; its error as one of ours."""
    payload = orjson.dumps(body) if body is not None else None
    try:
        reply = urllib3.request(method, url, body=payload, headers=headers(settings), timeout=seconds, retries=False)
    except urllib3.exceptions.HTTPError as error:
        raise EngineUnavailable(f"The service at {url} does not answer: {error}") from error
    answer = orjson.loads(reply.data)
    if reply.status >= 400:
        raise QueryFailed(str(answer.get("detail", reply.status)), answer.get("code"))
    return answer
