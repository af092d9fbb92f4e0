"""The explorer in Chromium: a region by pointer and by keys, completion, views, the live tail, phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import orjson
import pytest
from playwright.sync_api import Page, expect

from spanledger.engine import Engine
from spanledger.moments import as_parameter
from tests.explore.conftest import spans
from tests.pages import axe
from tests.pages.conftest import shot

DAY = "/explore?from=2026-11-20T00:00Z&to=2026-11-21T00:00Z"
SLOW = "&box_from=2026-11-20T12:00Z&box_to=2026-11-20T14:00Z&low=2s"
CHAT = "&filter=operation+%3D+chat"


@pytest.fixture(scope="module", autouse=True)
def _day(world: str, engine: Engine) -> Iterator[None]:
    """A day of spans beside those of the world."""
    assert world
    body = b"\n".join(orjson.dumps(row) for row in spans())
    engine.insert_raw("spans", body, "JSONEachRow", {"insert_deduplicate": 0})
    yield
    engine.command("TRUNCATE TABLE spans SYNC")
    engine.command("TRUNCATE TABLE saved_views SYNC")


def map_of(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#heat .cells rect").first).to_be_visible()


def test_a_region_is_drawn_and_what_is_different_there_is_told(page: Page) -> None:
    map_of(page, DAY + CHAT)
    box = page.locator("#heat svg[role=application]").bounding_box()
    assert box
    left, wide = box["x"] + 64, box["width"] - 72
    page.mouse.move(left + wide * 12.1 / 24, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(left + wide * 13.9 / 24, box["y"] + 60, steps=4)
    expect(page.locator(".tip", has_text="20 spans")).to_be_visible()
    page.mouse.up()
    expect(page.get_by_role("heading", name="What is different here")).to_be_visible()
    assert "box_from=2026-11-20T12" in page.url
    expect(page.locator(".differences li", has_text="tenant").first).to_contain_text("acme")
    expect(page.locator("h1")).to_contain_text("20 selected spans")
    expect(page.locator("#heat rect.selection")).to_be_visible()
    shot(page, "explore-selection")
    assert not axe.faults(page)
    page.locator(".differences a", has_text="acme").first.click()
    expect(page.locator("[data-filter]")).to_have_value('operation = chat and tenant = "acme"')
    page.go_back()
    expect(page.locator("[data-filter]")).to_have_value("operation = chat")
    waited = page.locator(".differences li", has_text='attributes["queue_ms"]').get_by_role("link", name="724 to 1,024")
    expect(waited).to_be_visible()
    waited.click()
    expect(page.locator("h1")).to_contain_text("20 spans")
    expect(page.locator("[data-filter]")).to_have_value(
        re.compile(r'^operation = chat and attributes\["queue_ms"\] >= 724\.0\d* and attributes\["queue_ms"\] < 1024$')
    )
    page.go_back()
    page.go_back()
    expect(page.locator(".differences")).to_have_count(0)
    expect(page.locator("#heat .cells rect").first).to_be_visible()


def test_cells_are_coloured_by_the_share_that_failed(page: Page) -> None:
    map_of(page, DAY)
    page.get_by_role("link", name="share that failed").click()
    expect(page.locator("#heat .legend")).to_contain_text("100 % of a cell's spans failed")
    assert "colour=failures" in page.url
    cells = page.request.get(f"/api/v1/{DAY[1:].replace('explore', 'explore/heat')}").json()["cells"]
    shades = page.locator("#heat .cells rect").evaluate_all("cells => cells.map(cell => cell.getAttribute('class'))")
    assert [shade == "heat-1" for shade in shades] == [failed == 0 for *_, failed in cells]
    assert len(set(shades)) > 1
    shot(page, "explore-failures")


def test_a_choice_takes_the_place_of_what_was_typed_since_the_list(page: Page) -> None:
    map_of(page, DAY)
    page.keyboard.press("/")
    page.keyboard.type("te")
    expect(page.get_by_role("option", name="tenant")).to_be_visible()
    page.keyboard.type("na")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("[data-filter]")).to_have_value("tenant = ")


def test_groups_by_two_keys_the_second_completed(page: Page) -> None:
    map_of(page, DAY)
    keys = page.get_by_role("combobox", name="Group by")
    keys.fill("")
    keys.press_sequentially('attributes["ring"], oper')
    expect(page.get_by_role("option", name="operation").first).to_be_visible()
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(keys).to_have_value('attributes["ring"], operation')
    keys.press("Enter")
    table = page.locator("table.groups")
    expect(table.locator("thead th bdi")).to_have_text(['attributes["ring"]', "operation"])
    table.locator("tbody tr").nth(1).locator("td a").first.click()
    expect(page.locator("[data-filter]")).to_have_value(re.compile(r'attributes\["ring"\] .*and operation = '))
    shot(page, "explore-two-keys")


def test_the_keyboard_alone(page: Page) -> None:
    map_of(page, DAY)
    page.keyboard.press("/")
    page.keyboard.type("tena")
    expect(page.get_by_role("option", name="tenant")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("[data-filter]")).to_have_value("tenant = ")
    expect(page.get_by_role("option", name="acme")).to_be_visible()
    page.keyboard.type("ac")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(page.locator("[data-filter]")).to_have_value("tenant = acme ")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"filter=tenant"))
    expect(page.locator("table.groups tbody tr")).to_have_count(2)
    picture = page.locator("#heat svg[role=application]")
    picture.focus()
    page.keyboard.press("ArrowRight")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    expect(page.locator("#heat .said")).to_contain_text("span")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"box_from=.*low=|low=.*box_from="))
    expect(page.locator("#heat rect.selection")).to_be_visible()
    expect(page.locator("#results")).to_have_attribute("aria-busy", "false")
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "box_from" not in url)


def test_fields_select_without_the_picture(page: Page) -> None:
    map_of(page, DAY + CHAT)
    page.get_by_label("From", exact=True).first.fill("")
    page.locator(".box input[name=low]").fill("2s")
    page.locator(".box button").click()
    expect(page.locator("h1")).to_contain_text("20 selected spans")
    page.locator("input[name=by]").fill('attributes["ring"]')
    page.get_by_role("button", name="Group").click()
    expect(page.locator("table.groups")).to_contain_text("canary")
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("table.groups")).to_contain_text("stable")


def test_a_wrong_filter_is_pointed_at_and_a_right_one_brings_the_picture_back(page: Page) -> None:
    page.goto(f"{DAY}&filter=tennant+%3D+acme")
    expect(page.locator("#problem")).to_contain_text("Did you mean tenant?")
    page.locator("[data-filter]").fill("tenant = acme")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#heat .cells rect").first).to_be_visible()
    expect(page.locator("h1")).to_contain_text("960 spans")


def test_views_are_saved_opened_renamed_and_removed(page: Page) -> None:
    map_of(page, DAY + CHAT + SLOW)
    page.locator(".views summary").click()
    page.get_by_label("This view as").fill("<b>Slow</b> calls")
    page.locator(".views").get_by_role("button", name="Save").click()
    saved = page.get_by_role("link", name="<b>Slow</b> calls")
    expect(saved).to_be_visible()
    page.get_by_role("button", name="Rename <b>Slow</b> calls").click()
    page.get_by_label("New name").fill("Slow canaries")
    page.get_by_label("New name").press("Enter")
    expect(page.get_by_role("link", name="Slow canaries")).to_be_visible()
    page.goto("/explore")
    page.locator(".views summary").click()
    page.get_by_role("link", name="Slow canaries").click()
    expect(page.locator("h1")).to_contain_text("20 selected spans")
    page.locator(".views summary").click()
    page.get_by_role("button", name="Remove Slow canaries").click()
    expect(page.get_by_role("link", name="Slow canaries")).to_have_count(0)


def test_spans_show_up_while_one_looks(page: Page, engine: Engine) -> None:
    page.goto("/explore?range=1h&filter=name+%3D+fresh")
    page.get_by_role("button", name="Live").click()
    expect(page.locator("#live-said")).to_contain_text("0 came in")
    now = as_parameter(datetime.now(UTC))
    row = {"trace_id": "e" * 32, "span_id": "e" * 16, "parent_span_id": "0" * 16, "name": "fresh",
           "tenant": "<i>x</i>", "started_at": now, "ingested_at": now}  # fmt: skip
    engine.insert_raw("spans", orjson.dumps(row), "JSONEachRow", {"insert_deduplicate": 0})
    expect(page.locator("table.spans tr.new")).to_contain_text("<i>x</i>", timeout=10_000)
    assert "live=1" in page.url
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#live-said")).to_have_text("Paused; 1 came in")


def test_texts_of_strangers_stay_text(page: Page) -> None:
    page.goto("/explore?by=tenant&select=status+%3D+error")
    expect(page.locator("table.groups")).to_contain_text("<script>")
    page.locator("[data-filter]").fill("tenant = ")
    page.get_by_role("option", name=re.compile("<script>")).click()
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url(re.compile("filter=tenant"))
    expect(page.locator("table.groups tbody tr")).to_have_count(2)
    assert page.title() != "run"
    assert page.locator("main script, main img[src=x]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": 375, "height": 800})
    map_of(page, DAY + CHAT + SLOW)
    page.locator(".views summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.locator(".views summary").click()
    expect(page.locator(".differences")).to_be_visible()
    shot(page, f"explore-phone-{scheme}")


def test_modules_come_from_addresses_that_change_with_them(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    map_of(page, DAY)
    modules = [url for url in asked if ".js" in url]
    assert len(modules) == 6
    assert all(re.search(r"\.js\?v=[0-9a-f]{12}$", url) for url in modules)
