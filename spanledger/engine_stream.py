"""Answers too large for memory: bytes as the engine writes them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from spanledger.sql import literal

PIECE = 1024 * 1024
BY_BLOCK = frozenset({"CSV", "JSONEachRow"})
"""Formats without head and foot: the embedded engine gives them block by block. Others it writes to a file first."""


def stream(client: Client, folder: Path | None, sql: str, parameters: Mapping[str, Any], form: str) -> Iterator[bytes]:
    """The rows of a statement in a format of ClickHouse. `folder`: for files of the embedded engine; None: a server."""
    if folder is None or form in BY_BLOCK:
        yield from _pieces(client, sql, parameters, form)
        return
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / secrets.token_hex(12)
    try:
        client.command(f"{sql}\nINTO OUTFILE {literal(str(file.resolve()))} FORMAT {form}", parameters=dict(parameters))
        with file.open("rb") as written:
            while piece := written.read(PIECE):
                yield piece
    finally:
        file.unlink(missing_ok=True)


def _pieces(client: Client, sql: str, parameters: Mapping[str, Any], form: str) -> Iterator[bytes]:
    source: Any = client.raw_stream(sql, parameters=dict(parameters), fmt=form)
    try:
        while piece := source.read(PIECE):
            yield piece
    finally:
        source.close()
