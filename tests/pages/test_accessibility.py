"""axe-core over every page, light and dark: WCAG 2.2 A and AA, and its best practices."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.pages.test_browser import PAGES

pytest.importorskip("axe_playwright_python", reason="axe-core comes with the locked packages of development")
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""All that can differ in the dark."""


def violations(page: Page, rules: dict[str, Any]) -> list[str]:
    """What axe finds wrong: rule, what it asks, and the first places."""
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", rules
    )
    return [
        f"{each['id']}: {each['help']}: " + "; ".join(
            f"{node['target']} {node['any'][0]['message'] if node['any'] else ''}" for node in each["nodes"][:4])
        for each in found["violations"]
    ]  # fmt: skip


@pytest.mark.parametrize("name", [*PAGES, "finding"])
def test_a_page_is_for_everybody(page: Page, name: str) -> None:
    path = PAGES.get(name) or f"/findings/{page.request.get('/now.json').json()['findings'][0]['finding_id']}"
    page.emulate_media(color_scheme="light")
    page.goto(path)
    page.wait_for_load_state("networkidle")
    page.evaluate(AXE)
    light = violations(page, RULES)
    page.emulate_media(color_scheme="dark")
    assert (light, violations(page, COLOURS)) == ([], [])
