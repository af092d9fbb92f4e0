"""Channels on the wire: the forms that receivers publish, faults, and keys that are never shown."""

from __future__ import annotations

import hashlib
import hmac
import socket
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import orjson
import pytest
import urllib3

from analytics.alerts.channels import slack, teams, transport
from analytics.alerts.channels.catalogue import channels
from analytics.alerts.channels.contract import Channel, Refused
from analytics.alerts.journal import Owed
from analytics.alerts.life import Alert, Change, Event, State, Text
from analytics.alerts.message import Card, Message
from analytics.alerts.outlet import Outlet
from spanledger.errors import BadSetting
from spanledger.settings import Settings
from tests.analytics.alerts.conftest import Clock, Remembering
from tests.analytics.alerts.receivers import Receiver, receiving

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # apprise imports it
SCHEMAS = orjson.loads((Path(__file__).with_name("published_schemas.json")).read_bytes())
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
HOSTILE = "<!channel> <http://evil|ok> *b* [x](http://evil) & " + "x" * 5000


def message(event: Event = Event.TRIGGER, title: str = HOSTILE, alert_id: str = "ab" * 8) -> Message:
    state = State.RESOLVED if event is Event.RESOLVE else State.FIRING
    text = Text(title, "Costs more than it pays.", 12.5, cost_usd=120.0, tenants_hit=3, trace_ids=("cd" * 16,))
    alert = Alert(
        alert_id, "cost", {"tenant": "acme", "feature.name": HOSTILE[:200]}, "page", state, NOW, 2, NOW,
        resolved_at=NOW + timedelta(hours=1) if event is Event.RESOLVE else None, text=text,
    )  # fmt: skip
    return Message(event, alert, f"{alert_id}:2:{event}", NOW, "https://sl.example/alerts", Card("model: moved <b>"))


def channel(url: str) -> Channel:
    return channels(Settings.model_validate({"alert_channels": [f"one={url}"]}))["one"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_pagerduty_as_its_schema_says(receiver: Receiver) -> None:
    pager = channel(f"pagerduty+http://R0UT1NGKEY@127.0.0.1:{receiver.port}")
    for event in (Event.TRIGGER, Event.REMIND, Event.ACKNOWLEDGE, Event.RESOLVE):
        pager.send([message(event)])
    for taken in receiver.requests:
        assert taken.path == "/v2/enqueue"
        jsonschema.validate(taken.body, SCHEMAS["pagerduty"])
        assert len(taken.body.get("payload", {}).get("summary", "")) <= 1024
    bodies = [taken.body for taken in receiver.requests]
    assert [body["event_action"] for body in bodies] == ["trigger", "trigger", "acknowledge", "resolve"]
    assert {body["dedup_key"] for body in bodies} == {f"{'ab' * 8}:2"}
    assert {body["routing_key"] for body in bodies} == {"R0UT1NGKEY"}
    assert bodies[0]["payload"]["custom_details"]["cost"] == "$120"


def test_slack_as_its_reference_says(receiver: Receiver) -> None:
    channel(f"slack+http://127.0.0.1:{receiver.port}/services/T0/B0/XYZ").send([message(), message(Event.RESOLVE)])
    for taken in receiver.requests:
        assert taken.path == "/services/T0/B0/XYZ"
        jsonschema.validate(taken.body, SCHEMAS["slack"])
        assert "<!channel>" not in taken.body["text"]
        marked = [block["text"]["text"] for block in taken.body["blocks"] if block["text"]["type"] == "mrkdwn"]
        assert not any("<b>" in text or "<!" in text for text in marked)
    assert slack.escape("<!here>") == "&lt;!here&gt;"


def test_opsgenie(receiver: Receiver) -> None:
    genie = channel(f"opsgenie+http://K3Y@127.0.0.1:{receiver.port}")
    for event in (Event.TRIGGER, Event.ACKNOWLEDGE, Event.RESOLVE):
        genie.send([message(event)])
    alias = "ab" * 8 + "%3A2"
    assert [taken.path for taken in receiver.requests] == [
        "/v2/alerts",
        f"/v2/alerts/{alias}/acknowledge?identifierType=alias",
        f"/v2/alerts/{alias}/close?identifierType=alias",
    ]  # fmt: skip
    assert len(receiver.requests[0].body["message"]) <= 130
    assert {taken.headers["Authorization"] for taken in receiver.requests} == {"GenieKey K3Y"}


def test_teams_gets_a_card_in_which_words_stay_words() -> None:
    card = teams.payload(message())["attachments"][0]["content"]
    assert card["type"] == "AdaptiveCard"
    assert {part["type"] for part in card["body"]} == {"RichTextBlock", "FactSet"}
    facts = {fact["title"]: fact["value"] for fact in card["body"][2]["facts"]}
    assert "](" not in facts["who"]


def test_the_webhook_is_signed(receiver: Receiver) -> None:
    channel(f"webhook+http://s%40cret@127.0.0.1:{receiver.port}/in?team=a").send([message()])
    [taken] = receiver.requests
    assert taken.path == "/in?team=a"
    signed = taken.headers["X-Spanledger-Timestamp"].encode() + b"." + taken.raw
    expected = hmac.new(b"s@cret", signed, hashlib.sha256).hexdigest()
    assert taken.headers["X-Spanledger-Signature"] == f"v1={expected}"
    assert taken.headers["Idempotency-Key"] == taken.body["key"] == f"{'ab' * 8}:2:trigger"


class Mailbox(socketserver.StreamRequestHandler):
    """As much SMTP as a client needs."""

    mails: list[str] = []  # noqa: RUF012

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line)
                self.mails.append(b"".join(lines).decode())
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 yes\r\n")


def test_mail() -> None:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        port = server.server_address[1]
        mail = channel(f"mailto://127.0.0.1:{port}?from=sl@example.com&to=oncall@example.com&mode=insecure")
        assert mail.kind == "email"
        mail.send([message(title="acme costs too much")])
    finally:
        server.shutdown()
        server.server_close()
    assert "oncall@example.com" in Mailbox.mails[0]
    with pytest.raises(Refused):
        mail.send([message()])


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_only_2xx_is_a_yes(receiver: Receiver, status: int) -> None:
    receiver.answers = [(status, {"Retry-After": "7", "Location": "http://127.0.0.1:1/"}, 0.0)]
    with pytest.raises(Refused, match=str(status)) as refused:
        channel(f"slack+http://127.0.0.1:{receiver.port}/services/SECRETSECRETSECRET").send([message()])
    assert refused.value.retry_after == 7
    assert refused.value.only_this == (status == 400)
    assert "SECRET" not in str(refused.value)
    assert len(receiver.requests) == 1, "redirects are not followed, and trying again is the outlet's"


def test_slow_and_silent_receivers(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=1, read=0.3), retries=False)
    monkeypatch.setattr(transport, "_POOL", pool)
    monkeypatch.setattr(transport, "READ_SECONDS", 0.5)
    target = channel(f"slack+http://127.0.0.1:{receiver.port}/services/SECRET")
    receiver.answers = [(200, {}, 5.0)]
    target.send([message()])  # the status is the answer; its body is not waited for
    receiver.answers = [(0, {}, 1.0), (500, {}, 0.2)]
    with pytest.raises(Refused, match="No answer"):
        target.send([message()])
    with pytest.raises(Refused, match="500"):
        target.send([message()])
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Refused, match="refused") as refused:
        channel(f"slack+http://127.0.0.1:{port}/services/SECRET").send([message()])
    assert "SECRET" not in repr(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("line", [
    "nothing", "=https://x", "a b=slack+https://x/y", "p=pagerduty://", "p=pagerduty+https://events.example", "s=slack+ftp://SECRET/",
    "w=webhook+https://host/SECRET", "x=nonsense://SECRET", "s=slack+https://h:x/SECRET",
])  # fmt: skip
def test_bad_channels_stop_the_start_and_show_no_key(line: str) -> None:
    with pytest.raises(BadSetting) as error:
        channels(Settings.model_validate({"alert_channels": line}))
    assert "SECRET" not in str(error.value)


def test_nothing_shows_a_key() -> None:
    lines = "a=pagerduty://SECRET\nb=slack+https://h/SECRET\nc=mailtos://u:SECRET@example.com?to=a@example.com"
    settings = Settings.model_validate({"alert_channels": lines})
    assert len(settings.alert_channels) == 3
    assert "SECRET" not in f"{settings!r} {channels(settings)!r} {settings.model_dump_json()}"


def _owed(number: int, event: Event = Event.TRIGGER) -> Owed:
    alert = replace(message(title=f"{number}").alert, alert_id=f"{number:016x}")
    return Owed(Change(alert, event, ("pager",)), "pager", NOW, number)


def _outlet(pager: Remembering, clock: Clock, rows: list[str] | None = None) -> Outlet:
    def record(done: object, error: str, at: datetime) -> None:  # noqa: ARG001
        if rows is not None:
            rows.append(error)

    def write(owed: Owed) -> Message:
        return Message(owed.change.event, owed.change.alert, owed.change.change_id, owed.at)

    return Outlet(pager, write, record, clock, lambda: 1.0, timedelta(minutes=5))


def test_an_hour_of_refused_connections() -> None:
    clock, pager, rows = Clock(), Remembering(refusal=Refused("The connection is refused.")), list[str]()
    outlet = _outlet(pager, clock, rows)
    outlet.put([_owed(1), _owed(1, Event.RESOLVE), _owed(2)])
    for _ in range(3600):
        outlet.step()
        clock.move(seconds=1)
    assert 15 < len(rows) < 25, "pauses double up to five minutes"
    assert outlet.health().state == "dead"
    pager.refusal = None
    clock.move(minutes=5)
    while outlet.step():
        pass
    assert [event for title, event in pager.events() if title == "1"] == ["trigger", "resolve"]
    assert len(pager.taken) == 3
    assert outlet.health().state == "ok"


def test_retry_after_is_honoured() -> None:
    clock, pager = Clock(), Remembering(refusal=Refused("It answered 429.", retry_after=120))
    outlet = _outlet(pager, clock)
    outlet.put([_owed(1)])
    assert outlet.step()
    pager.refusal = None
    clock.move(seconds=119)
    assert not outlet.step()
    clock.move(seconds=1)
    assert outlet.step()
    assert pager.events() == [("1", "trigger")]


def test_a_message_that_is_not_liked_holds_up_only_its_alert() -> None:
    class Picky(Remembering):
        def send(self, messages: object) -> None:
            assert isinstance(messages, list)
            if any(each.alert.text.title == "1" for each in messages):
                raise Refused("It answered 400.", only_this=True)
            self.taken += messages

    clock, pager = Clock(), Picky(batch=10)
    outlet = _outlet(pager, clock)
    outlet.put([_owed(number) for number in range(5)] + [_owed(1, Event.RESOLVE)])
    for _ in range(20):
        outlet.step()
        clock.move(seconds=1)
    assert [title for title, _ in pager.events()] == ["0", "2", "3", "4"]
    clock.move(minutes=6)
    assert outlet.health().state == "dead", "something is not delivered, and that is said"
    assert outlet.health().waiting == 2
