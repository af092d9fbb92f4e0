"""`spanledger explain-mapping`: which rule filled which column of the spans in a file."""

from __future__ import annotations

import secrets
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer
from google.protobuf.message import DecodeError
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collector.insert import insert
from collector.otlp_json import decode
from collector.signals import TRACES
from spanledger.engine import open_engine
from spanledger.errors import BadRequest
from spanledger.mapping.explain import Explained, explain
from spanledger.settings import Settings, load
from spanledger.upgrade import upgrade


def explain_mapping(
    file: Annotated[Path, typer.Argument(help="An OTLP request: JSON, or protobuf as an exporter sends it.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.", show_default=False)] = False,
) -> None:
    """Show which rule filled which column of captured spans. Needs no running service and stores nothing."""
    console = Console()
    spans = explained(load(), file)
    if as_json:
        sys.stdout.buffer.write(orjson.dumps([asdict(span) for span in spans]))
        return
    for span in spans:
        console.print(_table(span))
        for line in (span.tokens, ", ".join(span.flags)):
            if line:
                console.print(Text(line, style="dim"))
        console.print()


def explained(settings: Settings, file: Path) -> list[Explained]:
    """The spans of a file, mapped by an engine that is gone afterwards. BadRequest: it holds no request."""
    body = _body(file)
    with tempfile.TemporaryDirectory(prefix="spanledger-explain-") as folder:
        apart = settings.model_copy(update={"data_dir": Path(folder), "clickhouse_url": SecretStr("")})
        engine = open_engine(apart, role="explain-mapping")
        try:
            for _ in upgrade(engine, apart):
                pass
            return list(explain(engine, lambda: insert(engine, TRACES, body, secrets.token_hex(8))))
        finally:
            engine.close()


def _body(file: Path) -> bytes:
    try:
        body = file.read_bytes()
    except OSError as error:
        raise BadRequest(f"{file} can't be read: {error}") from error
    if body.lstrip().startswith(b"{"):
        return decode(body, TRACES).message.SerializeToString()
    try:
        TRACES.request.FromString(body)
    except DecodeError as error:
        raise BadRequest(f"{file} is neither an OTLP/JSON nor a protobuf trace request.") from error
    return body


def _table(span: Explained) -> Table:
    table = Table(title=Text(f"{span.name} — {span.recognised}"), title_justify="left", box=None, header_style="bold")
    for heading in ("column", "value", "rule"):
        table.add_column(heading, overflow="fold")
    _fill(table, span)
    return table


def _fill(table: Table, span: Explained) -> None:
    rows: Iterable[tuple[str, str, str]] = ((item.column, item.value, item.rule) for item in span.columns)
    for column, value, rule in rows:
        shown = "".join(char if char.isprintable() else "�" for char in value)
        table.add_row(Text(column), Text(shown), Text(rule, style="dim"))
