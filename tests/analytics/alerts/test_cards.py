"""Cards: made beside the pages, with text and picture; a card that is late or fails keeps no page back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import orjson
import pytest
from starlette.testclient import TestClient

from analytics.alerts.card_desk import MOST_WAITING, CardDesk
from analytics.alerts.channels import pagerduty, slack, teams
from analytics.alerts.channels.catalogue import channels
from analytics.alerts.life import Alert, Event, State, Text
from analytics.alerts.loop import Alerting
from analytics.alerts.message import Card, Message
from analytics.alerts.room import AlertRoom
from analytics.triage.card import card_markdown, card_text
from analytics.triage.room import TriageRoom
from api.app import create_app
from spanledger.cli.card_maker import card_maker
from spanledger.moments import as_parameter
from spanledger.settings import Settings
from tests.analytics.alerts.conftest import Clock, Desk
from tests.analytics.alerts.receivers import receiving
from tests.analytics.triage.traffic import BREAK, END, Row, put
from tests.api.conftest import EmptyQuarantine, NoJobs, Told

PNG = b"\x89PNG\r\n\x1a\n"


def alert(alert_id: str = "ab" * 8, episode: int = 1) -> Alert:
    return Alert(alert_id, "cost", {"tenant": "acme"}, "page", State.FIRING, Clock().now, episode, text=Text("dear"))


@pytest.fixture
def held() -> Iterator[threading.Event]:
    """Whoever makes cards waits for it."""
    event = threading.Event()
    yield event
    event.set()


def test_a_card_that_takes_too_long_lets_the_page_go_and_is_there_for_the_next_try(held: threading.Event) -> None:
    def slow(_alert: Alert) -> Card:
        held.wait(30)
        return Card("model: moved")

    desk = CardDesk(slow, patience=0.2)
    alerts = [alert(f"{number:016x}") for number in range(5)]
    desk.expect(alerts)
    begun = time.monotonic()
    cards = [desk.card(each) for each in alerts]
    assert time.monotonic() - begun < 5, "all five together wait once"
    assert {card.text for card in cards if card} == {"No card yet: it was not ready within 0 s."}
    assert desk.made(alerts[0]) is None
    held.set()
    end = time.monotonic() + 10
    while desk.made(alerts[4]) is None and time.monotonic() < end:
        time.sleep(0.01)
    assert desk.card(alerts[4]) == Card("model: moved")


def test_of_very_many_alerts_some_go_without_a_card(held: threading.Event) -> None:
    begun = threading.Event()

    def slow(_alert: Alert) -> Card:
        begun.set()
        held.wait(30)
        return Card("late")

    desk = CardDesk(slow, patience=0.1)
    alerts = [alert(f"{number:016x}") for number in range(MOST_WAITING + 5)]
    desk.expect(alerts[:1])
    assert begun.wait(10), "the first is under way, and does not wait any more"
    desk.expect(alerts)
    last = desk.card(alerts[-1])
    assert last
    assert last.text == "No card: too many alerts at once."


def test_what_goes_wrong_is_said_on_the_page_and_no_card_is_no_card() -> None:
    def broken(_alert: Alert) -> Card:
        raise ValueError("secret")

    failed = CardDesk(broken).card(alert())
    assert failed
    assert failed.text == "No card: making it failed (ValueError)."
    assert CardDesk(lambda _alert: None).card(alert()) is None


@pytest.fixture
def told(desk: Desk) -> Iterator[Desk]:
    """A finding about real spans, of which a prompt broke the cache half a day ago."""

    def prompt(trace: dict[str, Row], _random: object) -> None:
        trace["call"] |= {"prompt_version": "*8*<!here>", "cached_input_tokens": 128}

    put(desk.engine, prompt)
    put(desk.engine, tenant="globex")
    desk.clock.now = END
    row = {
        "finding_id": "f" * 16, "job": "cache_hit_rate", "kind": "drop", "subject": {"tenant": "acme"},
        "severity": "page", "state": "open", "first_seen": as_parameter(BREAK + timedelta(minutes=40)),
        "window_to": as_parameter(END), "last_seen": as_parameter(END), "title": "acme's cache broke",
        "cost_usd": 12.5, "trace_ids": ["ab" * 16], "version": 1,
    }  # fmt: skip
    desk.engine.insert_raw("finding_states", orjson.dumps(row), "JSONEachRow", {})
    desk.engine.command("TRUNCATE TABLE alert_cards SYNC")
    yield desk
    desk.engine.command("TRUNCATE TABLE alert_cards SYNC")


def test_a_page_carries_the_surfaces_a_picture_traces_and_the_runbook(
    told: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analytics.alerts.card_desk.PATIENCE", 60.0)
    settings = told.settings.model_copy(update={"public_url": "https://sl.example", "query_max_seconds": 60})
    pager = told.channel()
    maker = card_maker(told.engine, settings, TriageRoom(told.engine, settings, told.clock))
    told.alerting = Alerting(told.engine, settings, make_card=maker, clock=told.clock, channels=told.channels)
    told.minute()
    [page] = pager.taken
    body = page.body()
    assert "Look at the prompt first: " in body
    assert "*8*<!here> 0% → 100%" in body
    for surface in ("1. prompt: ", "users: nothing moved", "tools: nothing moved", "cost: $12.50", "since: "):
        assert surface in body
    assert "Runbook: https://sl.example/runbooks/drop" in body
    assert page.card
    assert page.card.png
    assert page.card.png.startswith(PNG)
    shown = slack.payload(page)
    marked = [block["text"]["text"] for block in shown["blocks"] if block.get("text", {}).get("type") == "mrkdwn"]
    assert not any("<!here>" in text or "*8*" in text for text in marked)
    assert [block["image_url"] for block in shown["blocks"] if block["type"] == "image"] == [page.card.picture]
    assert "Image" in {part["type"] for part in teams.payload(page)["attachments"][0]["content"]["body"]}
    assert pagerduty.payload(page, "key")["images"][0]["src"] == page.card.picture
    _fetched(told, settings, page.card.picture)
    assert AlertRoom(told.engine, settings).alert(page.alert.alert_id)["card"] == page.card.text
    told.engine.command("ALTER TABLE finding_states UPDATE state = 'resolved' WHERE 1", {}, {"mutations_sync": 2})
    told.minute()
    assert pager.taken[1].card is None, "who is told that it is over need not look"


def _fetched(desk: Desk, settings: Settings, picture: str) -> None:
    """Receivers fetch the picture without a key; everything else wants one."""
    locked = Settings.model_validate(settings.model_dump() | {"api_keys": "k" * 24, "host": "0.0.0.0"})
    app = create_app(desk.engine, locked, Told(), EmptyQuarantine(), NoJobs())
    with TestClient(app, base_url="https://sl.example") as client:
        answer = client.get(picture)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.content.startswith(PNG)
        assert client.get("/cards/" + "x" * 24 + ".png").status_code == 404
        assert client.get("/").status_code == 401


def test_slack_that_can_not_fetch_the_picture_gets_the_page_without() -> None:
    page = Message(
        Event.TRIGGER,
        alert(),
        "key",
        Clock().now,
        "https://sl.example/alerts",
        Card("prompt: moved", picture="https://nowhere.invalid/cards/x.png"),
    )
    with receiving() as receiver:
        receiver.answers = [(400, {}, 0.0)]
        url = f"one=slack+http://127.0.0.1:{receiver.port}/services/T0/B0/XYZ"
        channels(Settings.model_validate({"alert_channels": [url]}))["one"].send([page])
    first, second = ([block["type"] for block in taken.body["blocks"]] for taken in receiver.requests)
    assert "image" in first
    assert "image" not in second


def test_words_of_strangers_stay_words_in_the_card() -> None:
    triage = {
        "sentence": "*bold* <http://evil|ok> `x`\n@here " + "w" * 900, "suspect": None, "surfaces": [],
        "trace_ids": ["ab" * 16],
    }  # fmt: skip
    marked = card_markdown(triage, "https://sl.example")
    assert "<http" not in marked.splitlines()[0]
    assert "*bold*" not in marked
    assert len(marked.splitlines()) == 2
    assert card_text(triage, "").splitlines()[-1] == "trace: " + "ab" * 16
