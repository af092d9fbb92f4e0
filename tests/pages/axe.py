"""axe-core, which comes as a file of a Python package: WCAG 2.2 A and AA, and its best practices."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from playwright.sync_api import Page

PACKAGE = "axe_playwright_python"
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""All that can differ in the dark."""
RUN = "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})"


def faults(page: Page) -> list[str] | None:
    """What axe finds wrong, light and dark: rule, what it asks, the first places. None: axe is not there."""
    source = _source()
    if source is None:
        return None
    page.emulate_media(color_scheme="light")
    page.evaluate(source)
    found = _told("light", page.evaluate(RUN, RULES))
    page.emulate_media(color_scheme="dark")
    return found + _told("dark", page.evaluate(RUN, COLOURS))


@cache
def _source() -> str | None:
    return (files(PACKAGE) / "axe.min.js").read_text() if find_spec(PACKAGE) else None


def _told(theme: str, result: dict[str, Any]) -> list[str]:
    return [
        f"{theme}: {each['id']}: {each['help']}: " + "; ".join(
            f"{node['target']} {node['any'][0]['message'] if node['any'] else ''}" for node in each["nodes"][:4])
        for each in result["violations"]
    ]  # fmt: skip
