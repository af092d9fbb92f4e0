"""What is done on pages: acknowledge, silence, map a model, paste a span; and what versions say before and after."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page, expect
from pydantic import SecretStr

from analytics.alerts.matching import matches
from analytics.alerts.room import AlertRoom
from dashboards.asked import read as read_asked
from dashboards.pages import alerts
from dashboards.pages.alerts import as_pattern, matchers
from dashboards.versions.change import changes
from spanledger.access import Scope, within
from spanledger.engine import Engine
from spanledger.errors import BadRequest
from spanledger.mapping.paste import as_request
from spanledger.settings import Settings
from tests.pages.conftest import HOSTILE, TRACE


def test_an_alert_is_acknowledged_and_silenced_with_the_keyboard(page: Page, engine: Engine) -> None:
    page.goto("/alerts")
    page.get_by_role("button", name="Acknowledge").press("Enter")
    expect(page.locator("[role=status]")).to_contain_text("Acknowledged")
    expect(page.locator("h1")).to_have_text("Nothing fires, 1 acknowledged")
    page.locator(".alerts summary").press("Enter")
    page.locator(".alerts button", has_text="Silence").press("Enter")
    expect(page.locator("[role=status]")).to_have_text("The silence is on.")
    [[made]] = engine.rows("SELECT matchers FROM alert_silences FINAL WHERE ends_at > now64()")
    assert matches(made, {"rule": "rule", "tenant": HOSTILE})
    assert not matches(made, {"rule": "other", "tenant": HOSTILE})
    page.get_by_role("button", name="End the silence").press("Enter")
    expect(page.locator("[role=status]")).to_have_text("The silence has ended.")


def test_a_channel_that_refuses_a_test_says_why(page: Page) -> None:
    answer = page.request.post("/alerts/channels/oncall/test")
    assert answer.status == 400
    assert "did not take the test" in answer.text()
    assert "key" not in answer.text().split("<main")[1].split("</main")[0], "nothing of the channel's URL"


@pytest.mark.parametrize("path", ["/alerts/silences", "/models/map", "/settings/mapping"])
def test_forms_of_other_sites_change_nothing(page: Page, path: str) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://127.0.0.1.evil.example"}):
        answer = page.request.post(path, headers=headers, form={"span": "{}", "matchers": "rule=x", "for": "4h"})
        assert answer.status == 403
        assert "another" in answer.text()


@given(st.text(max_size=300))
def test_a_silence_of_an_alert_fits_its_labels(value: str) -> None:
    found = matchers(f"rule=r\ntenant={as_pattern(value)}")
    assert matches(found, {"rule": "r", "tenant": value})


def test_matchers_that_are_none_are_told() -> None:
    with pytest.raises(BadRequest, match="'tenant' is no matcher"):
        matchers("rule=x\ntenant")


def test_a_model_without_a_price_is_mapped(page: Page, engine: Engine) -> None:
    page.goto("/models")
    expect(page.locator("h1")).to_contain_text("1 call of 1 model have no price")
    page.get_by_placeholder("openai/gpt-4o").fill("gpt-4o")
    page.get_by_role("button", name="Map").click()
    expect(page.locator("[role=status]")).to_contain_text("Mapped.")
    assert engine.rows("SELECT model_key FROM model_aliases WHERE name = {name:String}", {"name": HOSTILE.lower()}) == [
        ["openai/gpt-4o"]
    ]
    engine.command("TRUNCATE TABLE model_aliases")


def test_a_new_version_is_told_before_and_after(page: Page) -> None:
    page.goto("/prompts")
    page.locator("main td a").first.click()
    title = page.locator("h1")
    expect(title).to_contain_text("cost a call +83.3 %")
    row = page.locator(".changes tr", has_text="Cost a call")
    expect(row).to_contain_text("$1.20")
    expect(row).to_contain_text("$2.20")
    expect(row).to_contain_text("▲")
    expect(page.locator(".changes tr", has_text="Failed calls")).to_contain_text("the same")
    expect(page.locator("figure.chart.drawn svg").first).to_be_visible(timeout=20_000)


def figure(name: str, n: int, before: float, after: float, variance: float) -> dict[str, Any]:
    return {"place": 2, "figure": name, "n_before": n, "n_after": n, "before": before, "after": after,
        "variance_before": variance, "variance_after": variance}  # fmt: skip


def test_a_change_is_sure_only_when_its_interval_leaves_zero_out() -> None:
    versions = [{"version": name, "first_seen": "2026-11-21"} for name in ("2", "1")]
    rows = [
        figure("cost_usd", 100, 1, 2, 1), figure("seconds", 100, 1, 1.1, 1), figure("input_tokens", 29, 1, 9, 0.1),
        figure("error_rate", 100, 0, 0.5, 0.25),
    ]  # fmt: skip
    [change] = changes(rows, versions)
    assert (change.before, change.after) == ("1", "2")
    assert {each.name: each.direction for each in change.figures} == {
        "cost_usd": "up", "seconds": "", "input_tokens": "", "error_rate": "up",
    }  # fmt: skip
    cost = change.figures[0]
    assert (round(cost.low or 0, 4), round(cost.high or 0, 4)) == (0.7211, 1.2789)  # Welch: 1 ± 1.972 * sqrt(2/100)
    assert change.sentence == "cost a call +100 %, failed calls 0 % → 50 %"


def test_a_pasted_span_is_mapped_as_an_insert_would(page: Page) -> None:
    page.goto("/settings/mapping")
    page.get_by_label("Span or attributes").fill('{"gen_ai.request.model": "<script>", "llm.token_count.prompt": 7}')
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tr", has_text="request_model")).to_contain_text("gen_ai.request.model", timeout=60_000)
    expect(page.locator("tr", has_text="request_model")).to_contain_text("<script>")
    expect(page.locator("tr").filter(has_text="input_tokens").first).to_contain_text("llm.token_count.prompt")


@pytest.mark.parametrize(
    ("text", "says"), [("{", "no JSON"), ("[]", "no JSON object"), ("x" * 600_000, "600,000 characters")]
)
def test_what_is_no_span_is_told(text: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        as_request(text)


def test_secrets_are_not_among_the_settings(page: Page) -> None:
    page.goto("/settings")
    row = page.locator("tr", has_text="SPANLEDGER_ALERT_CHANNELS")
    expect(row).to_contain_text("set, not shown")
    assert "webhook+http" not in page.content()


def test_the_graph_of_many_traces_leads_to_their_spans(page: Page) -> None:
    page.goto("/graph?range=6h")
    page.locator("select[name=agent_name]").select_option(HOSTILE)
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(lambda url: "agent_name=" in url)
    expect(page.locator(".graph .node")).to_have_count(3)
    page.locator('.graph a.node[data-kind="tool"]').press("Enter")
    page.wait_for_url(lambda url: "/traces?" in url)
    expect(page.locator("h1")).to_have_text("2 traces, $0.50")


def test_a_wrong_filter_of_the_graph_is_pointed_at(page: Page) -> None:
    page.goto("/graph?filter=tennant%20%3D%20acme&service=x")
    expect(page.locator("#problem")).to_contain_text("Did you mean tenant?")


def test_two_traces_are_chosen_and_compared(page: Page) -> None:
    page.goto(f"/traces/{TRACE}")
    page.get_by_role("link", name="Compare with another trace").click()
    page.locator("tr[data-href] a").first.click()
    expect(page.locator("h1")).to_have_text("The second has the same steps")
    assert page.locator(".steps tbody tr").count() == 4
    page.get_by_role("link", name="Swap").click()
    page.wait_for_url(lambda url: f"b={TRACE}" in url)


def test_a_key_of_some_tenants_is_not_told_of_rules_and_channels(engine: Engine, settings: Settings) -> None:
    room = AlertRoom(
        engine, settings.model_copy(update={"alert_channels": (SecretStr("a=webhook+http://k@127.0.0.1:9"),)})
    )
    asked = read_asked("/alerts", {}, datetime.now(UTC), "7d")
    assert alerts.read(engine, room, asked).channels
    with within(Scope(("acme",))):
        seen = alerts.read(engine, room, asked)
    assert (seen.channels, seen.rules, seen.open, seen.changes) == ([], [], [], [])
