"""Every page in Chromium: nothing complains, hostile content stays text, keys, phone, both themes."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Route, expect

from dashboards.render import NAV
from tests.pages import axe
from tests.pages.conftest import ALERT, HOSTILE, OTHER, TRACE, shot

VERSIONS = {"prompt": f"/prompts/versions?name={quote(HOSTILE)}", "model": "/models/revisions?name=gpt-4o"}
ONE = {"trace": f"/traces/{TRACE}", "alert": f"/alerts/{ALERT}", "mapping": "/settings/mapping", **VERSIONS}
ONE |= {"compare": f"/compare?a={TRACE}&b={OTHER}", "candidates": f"/compare?a={TRACE}",
    "alike": f"/traces/{TRACE}/alike", "runbook": "/runbooks/agent_loop"}  # fmt: skip
PAGES = {path.strip("/") or "now": path for _, path, _ in NAV} | ONE
"""By the name of its picture."""


def titled(page: Page) -> str:
    return page.locator("h1").inner_text()


@pytest.mark.parametrize("name", [*PAGES, "finding"])
def test_a_page_is_for_everybody_and_runs_nothing(page: Page, name: str) -> None:
    """One visit: no complaint, no script of strangers, a twin in JSON, a phone, and axe finds nothing."""
    path = PAGES.get(name) or f"/findings/{page.request.get('/now.json').json()['findings'][0]['finding_id']}"
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, page.content()
    page.wait_for_load_state("networkidle")
    assert page.title() != "run"
    assert page.locator("main script, main img[src=x]").count() == 0
    assert len(page.content()) < 1_000_000
    shot(page, name)
    address, _, query = path.partition("?")
    twin = page.request.get(f"{'/now' if address == '/' else address}.json?{query}")
    assert twin.ok
    assert twin.json()["title"]
    faults = axe.faults(page)
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    shot(page, f"{name}-phone")
    if faults is None:
        pytest.skip("axe-core is not installed: it comes with the locked packages of development")
    assert faults == []


def test_a_finding_with_its_surfaces_fits_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    page.goto("/")
    page.locator(".findings a").first.click()
    page.wait_for_load_state("networkidle")
    assert page.locator(".surfaces > li").count() == 5
    page.locator("figure.chart").scroll_into_view_if_needed()
    expect(page.locator("figure.chart svg text", has_text="model gpt-4o-2")).to_be_visible()
    assert not axe.faults(page)
    page.locator("details.marks summary", has_text="new version or model began").click()
    expect(page.locator("details.marks a", has_text="gpt-4o-2")).to_have_attribute("href", re.compile("^/traces"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    shot(page, "finding-phone")
    page.locator("figure.chart svg text", has_text="model gpt-4o-2").click()
    page.wait_for_url(re.compile(r"/traces\?filter=model%20%3D%20%22gpt-4o-2%22&from="))


@pytest.mark.parametrize("path", ["/customers", "/cache", "/waste", "/drift", "/carbon"])
def test_charts_of_a_board_are_drawn(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.locator("figure.chart.drawn svg").first).to_be_visible(timeout=20_000)
    assert page.locator("figure.chart.failed").count() == 0
    assert page.locator("figure script").count() == 0


def test_the_way_from_now_to_a_span(page: Page) -> None:
    page.goto("/")
    page.locator(".findings a").first.click()
    expect(page.locator("h1")).to_be_visible()
    page.get_by_role("link", name=TRACE[:8]).first.click()
    expect(page.locator(".row").first).to_be_visible()
    assert page.locator(".row").count() == 4
    assert "1 span names a parent that did not come." in page.locator(".problems").inner_text()
    page.locator(".row", has_text="search").click()
    expect(page.locator("#detail .attributes")).to_contain_text("tool_name")


def test_the_axis_of_a_trace_switches_and_stays_in_the_address(page: Page) -> None:
    page.goto(f"/traces/{TRACE}")
    page.get_by_role("button", name="$", exact=True).click()
    expect(page.locator(".row", has_text="chat")).to_contain_text("$0.25")
    assert "axis=cost" in page.url
    page.reload()
    expect(page.locator(".row", has_text="chat")).to_contain_text("$0.25")


def test_the_flame_view_by_keys_and_in_the_address(page: Page) -> None:
    page.goto(f"/traces/{TRACE}")
    page.get_by_role("button", name="flame", exact=True).click()
    canvas = page.get_by_role("img", name="Flame view of 4 spans")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        canvas.press(key)
    expect(page.locator("#detail h3")).to_have_text("search")
    whole = page.get_by_role("button", name="Whole trace")
    expect(whole).to_be_hidden()
    canvas.press("Enter")
    expect(whole).to_be_visible()
    canvas.press("Escape")
    expect(whole).to_be_hidden()
    page.reload()
    expect(page.locator("#detail h3")).to_have_text("search")
    canvas.press("ArrowUp")
    expect(page.locator("#detail h3")).to_contain_text("<script>")
    shot(page, "trace-flame")
    assert axe.faults(page) in (None, [])


def test_what_is_chosen_before_the_spans_are_here_holds(page: Page) -> None:
    held: list[Route] = []
    page.route("**/spans.json", lambda route: held.append(route))  # noqa: PLW0108  (it reads the signature)
    page.goto(f"/traces/{TRACE}")
    page.get_by_role("button", name="flame", exact=True).click()
    page.locator('.graph .node[data-node="search"]').press("Enter")
    assert len(held) == 1
    held[0].continue_()
    expect(page.get_by_role("img", name="Flame view of 4 spans")).to_be_visible()
    expect(page.locator("#found")).to_have_text("1 of 4")


def test_figures_of_a_trace_lead_to_its_spans(page: Page) -> None:
    page.goto(f"/traces/{TRACE}")
    page.locator(".facts .error a").click()
    page.wait_for_url(re.compile("/explore"))
    expect(page.locator("h1")).to_contain_text("1 span, 100 % failed")


def test_a_node_of_the_graph_filters_the_waterfall(page: Page) -> None:
    page.goto(f"/traces/{TRACE}")
    expect(page.locator(".row").first).to_be_visible()
    page.locator('.graph .node[data-node="search"]').press("Enter")
    expect(page.locator("#found")).to_have_text("1 of 4")
    page.reload()
    expect(page.locator("#found")).to_have_text("1 of 4")


def test_attributes_of_strangers_stay_text(page: Page) -> None:
    page.goto(f"/traces/{TRACE}")
    page.locator(".row", has_text="chat").click()
    page.get_by_label("Find in attributes").fill("<script>")
    expect(page.locator("#detail dd").first).to_contain_text("<script>")
    assert page.title() != "run"


def test_the_keyboard_alone(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.matches('li[data-href]')")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/findings/"))
    first = page.url
    page.keyboard.press("]")
    page.wait_for_url(lambda url: url != first and "/findings/" in url)
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url(re.compile("/traces"))
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "filter"
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("g")
    page.wait_for_url(re.compile("/graph"))
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()


def test_now_says_what_is_open_and_what_was_spent(page: Page) -> None:
    page.goto("/")
    expect(page.locator("h1")).to_contain_text("1 alert fires, 5 open findings worth $6,172; $120.00 spent")
    expect(page.locator(".vitals div").first).to_contain_text("$120.00")
    assert page.locator(".vitals .spark .line").count() > 0
    page.locator(".vitals a").first.click()
    page.wait_for_url(re.compile(r"/traces\?order=cost"))


def test_light_and_dark(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto("/")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("button.theme").click()
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == light


def test_a_wrong_filter_is_pointed_at(page: Page) -> None:
    page.goto("/traces?filter=tennant%20%3D%20acme")
    expect(page.locator("#problem")).to_contain_text("Did you mean tenant?")
    assert titled(page) == "The filter can't be understood"


def test_what_is_not_there_says_so(page: Page) -> None:
    for path, says in (
        (f"/traces/{'f' * 32}", "There is no span"),
        ("/traces/zz", "32 hexadecimal"),
        ("/findings/x", "no finding"),
    ):
        answer = page.request.get(path)
        assert answer.status == 404
        assert says in answer.text()
    assert page.request.get("/traces?range=yesterday").status == 400
