"""Logging in and out in a real browser, which decides by itself what it tells about where a form came from."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from spanledger.access.store import KeyStore
from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.alerts.conftest import TABLES
from tests.pages import axe
from tests.pages.conftest import ALERT, firing, served, shot


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_person_logs_in_and_out(
    engine: Engine, settings: Settings, tmp_path: Path, browser: Browser, name: str
) -> None:
    here = settings.model_copy(update={"data_dir": tmp_path})
    key = KeyStore(engine, tmp_path).create("an engineer", "read")["key"]
    with served(engine, here) as address:
        context = browser.new_context(base_url=address.replace("127.0.0.1", name))
        page = context.new_page()
        page.goto("/traces?range=7d")
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        shot(page, "login")
        page.get_by_label("Key").fill("sl_no_key")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text("does not open")
        page.get_by_label("Key").fill(key)
        page.keyboard.press("Enter")
        page.wait_for_url("**/traces?range=7d")
        assert page.evaluate("document.cookie").find("spanledger_session") == -1
        page.goto("/alerts")
        assert page.locator("main form[method=post]").count() == 0, (
            "who only reads is shown no forms that change something"
        )
        page.goto("/settings/mapping")
        page.get_by_label("Span or attributes").fill("no JSON")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("alert")).to_contain_text("This is no JSON")
        page.goto("/traces?range=7d")
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/login")
        page.goto("/")
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        context.close()


def test_the_keyboard_logs_in_and_who_acknowledges_is_named(
    engine: Engine, settings: Settings, tmp_path: Path, browser: Browser
) -> None:
    here = settings.model_copy(update={"data_dir": tmp_path})
    key = KeyStore(engine, tmp_path).create("ann of the night shift", "admin")["key"]
    firing(engine)
    with served(engine, here) as address:
        context = browser.new_context(base_url=address, viewport={"width": 375, "height": 800})
        page = context.new_page()
        page.goto(f"/alerts/{ALERT}")
        assert not axe.faults(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        expect(page.get_by_label("Key")).to_be_focused()
        page.keyboard.type("sl_no_key")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("does not open")
        assert not axe.faults(page)
        page.keyboard.type(key)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/alerts/{ALERT}")
        page.get_by_role("button", name="Acknowledge").press("Enter")
        expect(page.locator("main")).to_contain_text("ann of the night shift has it")
        context.close()
    for table in TABLES:
        engine.command(f"TRUNCATE TABLE {table} SYNC")
