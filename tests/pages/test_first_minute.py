"""An empty service: what it tells to copy works as it stands, and the page turns live when the span is there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import Page, expect
from pydantic import SecretStr

from collector.insert import insert
from collector.signals import TRACES
from dashboards.first_minute import snippets
from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.jobs.desk import TABLES
from tests.pages import axe
from tests.pages.conftest import served, shot


class Receiver(BaseHTTPRequestHandler):
    """Takes OTLP/HTTP and hands it to the engine, as the collector would by way of its spool."""

    engine: Engine

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        insert(self.engine, TRACES, body, "first minute")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def world(engine: Engine, settings: Settings) -> Iterator[str]:
    """The base URL of the app over an empty engine, which names a receiver that is there."""
    for table in TABLES:
        engine.command(f"TRUNCATE TABLE {table} SYNC")
    receiver = HTTPServer(("127.0.0.1", 0), type("Ours", (Receiver,), {"engine": engine}))
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    told = settings.model_copy(update={"otlp_http_port": receiver.server_port})
    with served(engine, told) as address:
        yield address
    receiver.shutdown()
    receiver.server_close()


def test_what_is_copied_works_and_the_page_turns_live(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/")
    expect(page.locator("h1")).to_have_text("No span yet: send the first one")
    shot(page, "first-minute")
    assert not axe.faults(page)
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.get_by_role("button", name="Copy: Python", exact=True).press("Enter")
    copied = page.evaluate("navigator.clipboard.readText()")
    exec(compile(copied, "python of the first page", "exec"), {})
    expect(page.locator("h1")).to_have_text("The first span has come")
    page.get_by_role("link", name="chat gpt-4o").press("Enter")
    expect(page.locator(".people")).to_contain_text("acme")


def test_a_key_is_asked_for_where_one_is_needed(settings: Settings) -> None:
    keys = settings.model_copy(update={"api_keys": (SecretStr("hidden"),)})
    texts = {snippet.name: snippet.text for snippet in snippets(keys)}
    assert all("YOUR_KEY" in text and "hidden" not in text for text in texts.values())
    assert not any("YOUR_KEY" in snippet.text for snippet in snippets(settings))
