"""A runbook: what a kind of finding means, the first look, usual causes, how to silence."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.asked import Asked
from dashboards.page import NotThere, Page
from dashboards.runbooks import Block, runbook


@dataclass(frozen=True)
class RunbookView:
    """What runbook.html is given."""

    title: str
    question: str
    blocks: tuple[Block, ...]


def page() -> Page:
    """The page of each runbook."""

    def load(_asked: Asked, path: dict[str, str]) -> RunbookView:
        found = runbook(path["kind"])
        if found is None:
            raise NotThere(f"There is no runbook {path['kind'][:80]}.")
        return RunbookView(found.title, f"Runbook: {found.name.replace('_', ' ')}", found.blocks)

    return Page("/runbooks/{kind}", "runbook.html", load, nav="Now")
