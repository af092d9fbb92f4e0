"""Rules over a real engine: what fires, who hears of it, what a restart changes (nothing)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from analytics.alerts.channels.contract import Refused
from analytics.alerts.emergency import FILE
from analytics.alerts.life import Alert
from analytics.alerts.loop import Alerting
from analytics.alerts.message import Card
from analytics.alerts.room import AlertRoom
from analytics.alerts.self_checks import Probes
from spanledger.errors import BadRequest, EngineUnavailable, NotFound
from spanledger.moments import as_parameter
from tests.analytics.alerts.conftest import Desk

Put = Callable[..., None]
COST = """
[[rule]]
name = "cost"
type = "threshold"
query = "SELECT tenant, value FROM levels WHERE now64(3) > {from:DateTime64(3)}"
above = 100
clear = 80
title = "{tenant} costs {value}"
"""


def finding(desk: Desk, finding_id: str, severity: str = "page", state: str = "open", days_ago: int = 0) -> None:
    columns = [
        "finding_id",
        "job",
        "kind",
        "subject",
        "severity",
        "state",
        "window_to",
        "title",
        "trace_ids",
        "version",
    ]
    version = time.monotonic_ns()
    desk.engine.insert(
        "finding_states",
        columns,
        [[finding_id, "retry_waste", "loop", {"tenant": finding_id}, severity, state,
          desk.clock.now - timedelta(days=days_ago),
          f"<b>{finding_id}</b>\nis here", ["ab" * 16], version]],
    )  # fmt: skip


def test_without_any_file_findings_that_page_go_to_all_channels(desk: Desk) -> None:
    one, two = desk.channel("one"), desk.channel("two")
    finding(desk, "loud")
    finding(desk, "quiet", "ticket")
    finding(desk, "old", days_ago=30)
    desk.minute(3)
    expected = [("<b>loud</b> is here", "trigger")]
    assert one.events() == two.events() == expected
    assert one.taken[0].alert.labels == {"tenant": "loud", "job": "retry_waste", "kind": "loop"}
    assert "ab" * 16 in one.taken[0].body()
    finding(desk, "loud", "ticket")
    desk.minute()
    assert one.events() == expected, "quieter, and not over"
    finding(desk, "loud", state="resolved")
    desk.minute()
    assert one.events()[1:] == [("<b>loud</b> is here", "resolve")]
    assert one.taken[0].incident == one.taken[1].incident


def test_one_alert_a_group_with_hysteresis(desk: Desk, level: Put) -> None:
    pager = desk.channel()
    desk.rules(COST)
    level(acme=150, globex=90)
    desk.minute()
    assert pager.events() == [("acme costs 150", "trigger")]
    level(acme=90, globex=101)
    desk.minute()
    assert pager.events()[1:] == [("globex costs 101", "trigger")], "90 is not cleared yet"
    level(acme=79)
    desk.minute()
    assert sorted(pager.events()[2:]) == [("acme costs 150", "resolve"), ("globex costs 101", "resolve")]
    states = desk.engine.rows("SELECT title, toString(state), episode FROM alerts ORDER BY title")
    assert states == [["acme costs 150", "resolved", 1], ["globex costs 101", "resolved", 1]]


def test_a_restart_pages_nobody_again_and_forgets_nothing(desk: Desk, level: Put) -> None:
    pager = desk.channel()
    desk.rules(COST.replace("above", 'for = "3m"\nabove'))
    level(acme=150)
    desk.minute(2)
    assert desk.engine.rows("SELECT toString(state) FROM alerts") == [["pending"]]
    desk.start()
    desk.minute(2)
    assert pager.events() == [("acme costs 150", "trigger")], "pending since before the restart"
    desk.start()
    desk.minute(2)
    assert len(pager.taken) == 1
    level()
    desk.start()
    desk.minute()
    assert [event for _, event in pager.events()] == ["trigger", "resolve"]


def test_a_message_that_was_not_sent_is_sent_after_the_restart(desk: Desk, level: Put) -> None:
    pager = desk.channel()
    desk.rules(COST)
    level(acme=150)
    pager.refusal = Refused("It answered 503.")
    desk.minute()
    level()
    desk.minute()
    pager.refusal = None
    desk.start()
    desk.minute()
    assert [event for _, event in pager.events()] == ["trigger", "resolve"], "in order"
    desk.start()
    desk.minute()
    assert len(pager.taken) == 2


def test_acknowledging_ends_reminders_and_escalation(desk: Desk, level: Put) -> None:
    pager, boss = desk.channel(), desk.channel("boss")
    desk.rules(COST + 'channels = ["pager"]\nrenotify = "5m"\nescalate_after = "12m"\nescalate_to = ["boss"]\n')
    level(acme=150, globex=150)
    desk.minute(7)
    assert sorted(pager.events()) == sorted(
        [(f"{name} costs 150", event) for name in ("acme", "globex") for event in ("trigger", "remind")]
    )
    room = AlertRoom(desk.engine, desk.settings, clock=desk.clock)
    acme = next(row for row in room.alerts("open", "", "cost", 10) if row["labels"] == {"tenant": "acme"})
    assert room.acknowledge(acme["alert_id"], "ann")["state"] == "acknowledged"
    desk.minute(8)
    assert ("acme costs 150", "acknowledge") in pager.events()
    assert boss.events()[0] == ("globex costs 150", "escalate")
    assert {title for title, _ in boss.events()} == {"globex costs 150"}
    desk.start()
    level()
    desk.minute()
    assert boss.events()[-1] == ("globex costs 150", "resolve"), "who was told hears the end"
    shown = room.alert(acme["alert_id"])
    assert shown["acknowledged_by"] == "ann"
    assert [row["event"] for row in shown["history"]] == ["resolve", "acknowledge", "remind", "trigger"]
    assert {row["outcome"] for row in shown["deliveries"]} == {"sent"}
    with pytest.raises(BadRequest):
        room.acknowledge(acme["alert_id"], "bob")
    with pytest.raises(NotFound):
        room.alert("0" * 16)


def test_a_silence_holds_back_and_what_still_fires_comes_after_it(desk: Desk, level: Put) -> None:
    pager = desk.channel()
    desk.rules(COST)
    desk.start()
    room = AlertRoom(desk.engine, desk.settings, clock=desk.clock)
    room.silence({"tenant": "ac*"}, desk.clock.now + timedelta(minutes=3), "ann", "known")
    level(acme=150, globex=150)
    desk.minute(2)
    assert pager.events() == [("globex costs 150", "trigger")]
    desk.minute(3)
    assert pager.events()[1:] == [("acme costs 150", "trigger")]
    made = room.silence({"rule": "cost"}, desk.clock.now + timedelta(hours=1), "ann", "")
    level(acme=150, globex=150, initech=150)
    desk.minute()
    room.end_silence(made["silence_id"])
    assert room.silences() == []
    level()
    desk.minute()
    assert [event for _, event in pager.events()] == ["trigger", "trigger", "resolve", "resolve"]


def test_maintenance(desk: Desk, level: Put) -> None:
    pager = desk.channel()
    begin, end = desk.clock.now, desk.clock.now + timedelta(minutes=2)
    desk.rules(COST + f'[[maintenance]]\nname = "move"\nfrom = {begin.isoformat()}\nto = {end.isoformat()}\n')
    level(acme=150)
    desk.minute(2)
    assert pager.events() == []
    assert desk.engine.rows("SELECT silenced_by FROM alerts") == [["move"]]
    desk.minute()
    assert pager.events() == [("acme costs 150", "trigger")]


@pytest.mark.parametrize(("query", "said"), [
    ("SELECT tenant, value FROM nowhere", "nowhere"),
    ("SELECT tenant FROM levels", "no column 'value'"),
    ("SELECT tenant AS value FROM levels", "not a number"),
    ("SELECT * FROM file('/etc/passwd')", "not allowed"),
    ("SELECT 1 AS value UNION ALL SELECT 2 AS value", "one group"),
])  # fmt: skip
def test_a_bad_query_is_shown_and_pages_and_what_stands_stays(desk: Desk, level: Put, query: str, said: str) -> None:
    pager = desk.channel()
    desk.rules(COST)
    level(acme=150)
    desk.minute()
    room = AlertRoom(desk.engine, desk.settings, clock=desk.clock)
    desk.rules(COST.replace("SELECT tenant, value FROM levels WHERE now64(3) > {from:DateTime64(3)}", query))
    desk.minute()
    assert pager.events()[1:] == [("spanledger: The alert rule cost can't be evaluated", "trigger")]
    assert said in pager.taken[1].body()
    [shown] = room.rules()[:1]
    assert shown["state"] == "error"
    assert said in shown["message"]
    desk.rules(COST)
    desk.minute(2)
    assert pager.events()[2:] == [("spanledger: The alert rule cost can't be evaluated", "resolve")]


def test_a_file_that_becomes_bad_leaves_the_rules_in_force_and_pages(desk: Desk, level: Put) -> None:
    pager = desk.channel()
    desk.rules(COST)
    desk.minute()
    desk.rules("[[rule]]\nname = 3\n")
    level(acme=150)
    desk.minute()
    assert {title for title, _ in pager.events()} == {
        "acme costs 150", "spanledger: The alert rule rules file can't be evaluated",
    }  # fmt: skip


def test_no_data(desk: Desk, level: Put) -> None:
    pager = desk.channel()
    desk.rules(COST + 'no_data = "alert"\n')
    level(acme=150)
    desk.minute()
    level()
    desk.minute(2)
    assert pager.events() == [("acme costs 150", "trigger"), ("cost: no data", "trigger")]
    level(globex=1)
    desk.minute()
    assert ("cost: no data", "resolve") in pager.events()


def test_what_flaps_stops_to_page(desk: Desk, level: Put) -> None:
    pager = desk.channel()
    desk.rules(COST)
    for _ in range(6):
        level(acme=150)
        desk.minute()
        level()
        desk.minute()
    assert [event for _, event in pager.events()] == ["trigger", "resolve", "trigger", "resolve", "trigger"]
    assert pager.taken[-1].alert.flapping
    desk.minute(16)
    assert pager.events()[-1][1] == "resolve"


def test_rules_of_the_api(desk: Desk, level: Put) -> None:
    pager = desk.channel()
    desk.start()
    room = AlertRoom(desk.engine, desk.settings, clock=desk.clock)
    rule = {"type": "threshold", "query": "SELECT value FROM levels", "below": 5, "for": "1m"}
    assert room.put_rule("low", rule, "ann")["for"] == "60s"
    with pytest.raises(BadRequest, match="above"):
        room.put_rule("bad", {"type": "threshold", "query": "SELECT 1"}, "ann")
    level(acme=1)
    desk.minute(2)
    assert pager.events() == [("low: 1", "trigger")]
    assert {row["name"]: row["source"] for row in room.rules()} == {"findings": "file", "low": "api"}
    room.delete_rule("low")
    desk.minute()
    assert pager.events()[1:] == [("low: 1", "resolve")]


def test_a_dead_channel_is_told_on_the_others_and_seen(desk: Desk, level: Put) -> None:
    dead, pager = desk.channel("dead"), desk.channel()
    dead.refusal = Refused("It answered 403.")
    desk.rules(COST)
    level(acme=150)
    desk.minute(8)
    assert ("spanledger: The channel dead is dead", "trigger") in pager.events()
    assert "403" in pager.taken[-1].body()
    room_channels = desk.engine.rows("SELECT channel, toString(state), error FROM alert_channels FINAL ORDER BY 1")
    assert room_channels == [["dead", "dead", "It answered 403."], ["pager", "ok", ""]]
    dead.refusal = None
    desk.clock.move(minutes=5)
    desk.minute(2)
    assert ("spanledger: The channel dead is dead", "resolve") in pager.events()
    assert dead.events() == [("acme costs 150", "trigger")]


def test_it_pages_about_itself(desk: Desk) -> None:
    pager = desk.channel()
    desk.settings = desk.settings.model_copy(update={"alert_rows_missing_minutes": 30})
    share, lags = [0.9], {"carbon": 3 * 3600.0, "retry_waste": 5.0}
    desk.probes = Probes(lambda: share[0], lambda: lags)
    desk.engine.command(
        "INSERT INTO spans (trace_id, span_id, started_at, ingested_at) "
        "SELECT unhex(repeat('ab', 16)), unhex(repeat('cd', 8)), now64(9) - 3600, now64(3) - 3600"
    )
    desk.minute()
    titles = {title for title, _ in pager.events()}
    assert titles == {
        "spanledger: no spans arrive",
        "spanledger: the spool fills",
        "spanledger: the job carbon is late",
    }
    share[0], lags["carbon"] = 0.7, 0.0
    desk.minute()
    assert pager.events()[3:] == [("spanledger: the job carbon is late", "resolve")], (
        "the spool is not empty enough yet"
    )


class Broken:
    """An engine that does not answer while a test says so."""

    def __init__(self, desk: Desk) -> None:
        self._engine, self.broken, self.embedded = desk.engine, False, True

    def __getattr__(self, name: str) -> object:
        if self.broken:
            raise EngineUnavailable("The engine is away.")
        return getattr(self._engine, name)


def test_an_engine_that_fails_is_paged_without_it_over_restarts(desk: Desk) -> None:
    pager = desk.channel()
    broken = Broken(desk)
    desk.engine = broken  # type: ignore[assignment]
    desk.minute()
    broken.broken = True
    desk.minute(4)
    assert pager.events() == [("spanledger: its engine fails", "trigger")]
    desk.start()
    desk.minute(2)
    assert len(pager.taken) == 1, "a restart says it only once"
    pager.refusal = Refused("It answered 500.")
    broken.broken = False
    desk.minute()
    pager.refusal = None
    desk.start()
    desk.minute()
    assert [event for _, event in pager.events()] == ["trigger", "resolve"]
    assert '"messages": []' in (desk.folder / FILE).read_text()


def test_a_card_that_fails_keeps_no_page_back(desk: Desk, level: Put) -> None:
    def card(alert: Alert) -> Card:
        if alert.labels["tenant"] == "acme":
            raise ValueError("no picture")
        return Card("model: nothing moved")

    pager = desk.channel()
    desk.rules(COST)
    level(acme=150, globex=150)
    desk.alerting = Alerting(desk.engine, desk.settings, make_card=card, clock=desk.clock, channels=desk.channels)
    desk.minute()
    bodies = {message.alert.labels["tenant"]: message.body() for message in pager.taken}
    assert "nothing moved" in bodies["globex"]
    assert set(bodies) == {"acme", "globex"}


def test_slo(desk: Desk) -> None:
    desk.engine.command("CREATE TABLE slo (at DateTime64(3), tenant String, ok UInt8) ENGINE = Memory")
    try:
        pager = desk.channel()
        desk.rules('''
[[rule]]
name = "answers"
type = "slo"
objective = 0.99
query = """SELECT tenant, countIf(ok = 0) AS bad, count() AS total FROM slo
           WHERE at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)} GROUP BY tenant"""
''')
        for tenant, share in (("acme", 0.5), ("globex", 0.01)):
            desk.engine.command(
                "INSERT INTO slo SELECT {to:DateTime64(3, 'UTC')} - number * 6, {tenant:String}, "
                "number % 100 >= {bad:Float64} "
                "FROM numbers(600)",
                {"to": as_parameter(desk.clock.now), "tenant": tenant, "bad": share * 100},
            )
        desk.minute()
        assert [title for title, _ in pager.events()] == ["answers: acme 49.9165"]
        desk.clock.move(minutes=31)
        desk.minute()
        assert pager.events()[-1][1] == "resolve", "the short windows end it"
    finally:
        desk.engine.command("DROP TABLE slo")


def test_a_storm_is_a_bounded_number_of_pages_and_one_that_counts_the_rest(desk: Desk, level: Put) -> None:
    pager = desk.channel()
    desk.rules(COST)
    desk.settings = desk.settings.model_copy(update={"alert_storm_pages": 3})
    level(**{f"t{number}": 150 + number for number in range(10)})
    desk.minute()
    titles = [title for title, _ in pager.events()]
    assert len(titles) == 4
    assert "spanledger: 7 more alerts fire" in titles
    told = pager.taken[titles.index("spanledger: 7 more alerts fire")].body()
    assert "7 of cost" in told
    states = desk.engine.rows("SELECT toString(state), count() FROM alerts WHERE rule = 'cost' GROUP BY 1")
    assert states == [["firing", 10]], "nothing is lost: all of them stand and are listed"
    desk.start()
    desk.minute(3)
    assert len(pager.taken) == 4, "neither later nor after a restart"
    level()
    desk.minute(2)
    assert sorted(title for title, event in pager.events() if event == "resolve") == sorted(titles)
    level(t9=200)
    desk.minute()
    assert pager.events()[-1] == ("t9 costs 200", "trigger"), "by itself again"
