"""Runbooks: the pages of docs/runbooks as blocks that a template can show. The small part of Markdown that they use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "runbooks"
NAME = re.compile(r"[a-z_]{1,60}")
INLINE = re.compile(r"`(?P<code>[^`]+)`|\[(?P<text>[^\]]+)\]\((?P<link>[^)]+)\)")


@dataclass(frozen=True)
class Piece:
    """A piece of a line."""

    text: str
    kind: str = "text"
    """`text`, `code` or `link`."""
    link: str = ""


@dataclass(frozen=True)
class Block:
    """A heading, a paragraph, a list or a listing."""

    kind: str
    """`h2`, `p`, `ul` or `pre`."""
    lines: tuple[tuple[Piece, ...], ...]


@dataclass(frozen=True)
class Runbook:
    """One page."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@cache
def runbook(name: str) -> Runbook | None:
    """The runbook of a kind of finding, `rule` or `spanledger`; None when there is none."""
    path = FOLDER / f"{name}.md"
    if not NAME.fullmatch(name) or not path.is_file():
        return None
    title, _, rest = path.read_text(encoding="utf-8").partition("\n")
    chunks = [chunk for chunk in re.split(r"\n\s*\n", rest.strip()) if chunk.strip()]
    return Runbook(name, title.removeprefix("# "), tuple(_block(chunk) for chunk in chunks))


def _block(chunk: str) -> Block:
    if chunk.startswith("## "):
        return Block("h2", (pieces(chunk[3:]),))
    if chunk.startswith("```"):
        listing = chunk.strip("`").split("\n", 1)[-1].rstrip()
        return Block("pre", ((Piece(listing),),))
    if chunk.startswith("- "):
        return Block("ul", tuple(pieces(line[2:]) for line in re.sub(r"\n  +", " ", chunk).splitlines()))
    return Block("p", (pieces(" ".join(chunk.splitlines())),))


def pieces(line: str) -> tuple[Piece, ...]:
    """Code and links of a line. Links to other runbooks stay; other files are not served: of those only the text."""
    found: list[Piece] = []
    place = 0
    for match in INLINE.finditer(line):
        found.append(Piece(line[place : match.start()]))
        found.append(Piece(match["code"], "code") if match["code"] else _link(match["text"], match["link"]))
        place = match.end()
    return tuple(piece for piece in [*found, Piece(line[place:])] if piece.text)


def _link(text: str, target: str) -> Piece:
    name = target.removesuffix(".md")
    return Piece(text, "link", f"/runbooks/{name}") if NAME.fullmatch(name) else Piece(text)
