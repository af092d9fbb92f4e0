"""The command line, while a service owns the data and while nobody does."""

from __future__ import annotations

import csv
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import spanledger
from spanledger.cli import main
from tests.e2e.conftest import Service, free_ports, spans_body
from tests.waiting import until

NewService = Callable[..., Service]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that owns its data, on ports that are told."""
    service = Service.on_fixed_ports(tmp_path_factory.mktemp("cli")).with_tables()
    try:
        service.up()
        yield service
    finally:
        service.close()


def _send(service: Service, name: str, count: int, **attributes: str) -> bytes:
    """Spans that can be queried when this returns."""
    body = spans_body(name, [f"{name} {number}" for number in range(count)], **attributes)
    assert service.send(body).status == 200
    until(lambda: service.count(name) == count)
    return body


def _is_one_sentence(text: str) -> bool:
    return text.startswith("spanledger: ") and text.count("\n") == 1 and "Traceback" not in text


def test_query_asks_the_running_service(running: Service) -> None:
    _send(running, "asked", 3)
    sql = "SELECT name, input_tokens FROM spans WHERE service = 'asked' ORDER BY name"
    done = running.run("query", sql)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split() for line in done.stdout.splitlines()[:4]] == [
        ["name", "input_tokens"], ["asked", "0", "–"], ["asked", "1", "–"], ["asked", "2", "–"],
    ]  # fmt: skip
    assert done.stdout.splitlines()[4].startswith("3 rows, ")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM nothing", "nothing"),
        ("SELEC 1", "Syntax error"),
        ("DROP TABLE spans", "SELECT"),
        ("SELECT 1; SELECT 2", ""),
        ("SELECT * FROM file('/etc/passwd')", "file"),
    ],
)
def test_a_query_that_does_not_run_is_a_sentence(running: Service, sql: str, said: str) -> None:
    done = running.run_here("query", sql)
    assert (done.returncode, done.stdout) == (1, "")
    assert _is_one_sentence(done.stderr), done.stderr
    assert said in done.stderr


def test_a_trace_is_deleted(running: Service) -> None:
    body = _send(running, "forget", 3)
    request = ExportTraceServiceRequest.FromString(body)
    trace_id = request.resource_spans[0].scope_spans[0].spans[0].trace_id.hex()
    done = running.run_here("delete", "trace", trace_id)
    assert (done.returncode, done.stdout) == (0, "Deleted: 1 spans, 0 events.\n")
    assert running.count("forget") == 2


def test_a_tenant_is_deleted_when_it_is_meant(running: Service) -> None:
    tenant = "O'Brien & Söhne/50%"
    _send(running, "tenants", 2, **{"tenant.id": tenant})
    _send(running, "others", 2, **{"tenant.id": "another"})
    asked = running.run_here("delete", "tenant", tenant)
    assert (asked.returncode, running.count("tenants")) == (1, 2)
    done = running.run_here("delete", "tenant", tenant, "--yes")
    assert (done.returncode, done.stdout) == (0, "Deleted: 2 spans, 0 events, 0 metric_points.\n")
    assert (running.count("tenants"), running.count("others")) == (0, 2)


def test_emissions_of_a_feature_in_a_file(running: Service, tmp_path: Path) -> None:
    names = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
    _send(running, "emits", 4, feature="=1+1", **names, **{"gen_ai.usage.output_tokens": "300"})
    done = running.run_here("carbon", "--csv", str(tmp_path / "carbon.csv"))
    assert (done.returncode, done.stderr) == (0, "")
    [line] = csv.DictReader((tmp_path / "carbon.csv").read_text().splitlines())
    assert (line["feature"], line["inferences"], line["factor_set"]) == ("'=1+1", "4", "ecologits-0.11.3")
    assert 0 < float(line["low"]) < float(line["kgCO2e_per_1000"]) < float(line["high"])
    compared = running.run_here("energy", "by-set").stdout
    assert re.search(r"^ecologits-0.11.3 +4 of 4 +[\d.e-]+ ", compared, re.MULTILINE), compared
    assert "…" not in compared, "a figure that is cut is wrong"
    shown = running.run_here("carbon")
    assert "=1+1" in shown.stdout and "ISO/IEC 21031" in shown.stdout
    assert _is_one_sentence(running.run_here("carbon", "--from", "2026-11-02", "--to", "2026-11-01").stderr)


def test_quarantine_is_empty(running: Service) -> None:
    for command in ("list", "retry"):
        done = running.run_here("rejected", command)
        assert (done.returncode, done.stdout) == (0, "Nothing is in quarantine.\n")


def test_doctor_finds_a_running_service_well(running: Service) -> None:
    until((running.data_dir / "collect.json").exists)
    done = running.run_here("doctor")
    assert done.returncode == 0, done.stdout
    assert "WRONG" not in done.stdout
    assert "held by `spanledger serve`" in done.stdout
    assert done.stdout.count(" answers ") == 3


@pytest.mark.parametrize("command", [["up"], ["serve"], ["migrate"], ["collect"]])
def test_a_second_owner_is_refused(running: Service, command: list[str]) -> None:
    owner = "collect" if command == ["collect"] else "serve"
    ports = dict(zip(("OTLP_GRPC_PORT", "OTLP_HTTP_PORT", "HTTP_PORT"), free_ports(3), strict=True))
    done = running.run(*command, **ports)
    assert (done.returncode, done.stdout) == (1, "")
    assert _is_one_sentence(done.stderr), done.stderr
    [pid] = running.pids(owner)
    assert f"{running.data_dir} is in use by `spanledger {owner}` (process {pid})" in done.stderr


def test_version(running: Service) -> None:
    assert running.run("version").stdout == f"spanledger {spanledger.__version__}\n"


BAD_SETTINGS = [
    ("HTTP_PORT", "http", "SPANLEDGER_HTTP_PORT: "),
    ("HTP_PORT", "1", "SPANLEDGER_HTP_PORT is not a setting. Did you mean SPANLEDGER_HTTP_PORT?"),
    ("HOST", "0.0.0.0", "SPANLEDGER_HOST is '0.0.0.0', which others can reach, and SPANLEDGER_API_KEYS is empty."),
]


@pytest.mark.parametrize("command", [["up"], ["collect"], ["serve"], ["migrate"], ["doctor"], ["query", "SELECT 1"]])
@pytest.mark.parametrize("bad", BAD_SETTINGS, ids=lambda bad: bad[0])
def test_a_bad_setting_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    bad: tuple[str, str, str],
) -> None:
    setting, value, said = bad
    monkeypatch.setattr("sys.argv", ["spanledger", *command])
    monkeypatch.setenv(f"SPANLEDGER_{setting}", value)
    with pytest.raises(SystemExit) as ended:
        main()
    output, errors = capsys.readouterr()
    assert (ended.value.code, output) == (1, "")
    assert said in errors
    assert _is_one_sentence(errors), errors


@pytest.mark.parametrize("name", ["OTLP_GRPC_PORT", "OTLP_HTTP_PORT", "HTTP_PORT"])
def test_a_port_in_use_is_a_sentence(new_service: NewService, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = new_service(LOG_LEVEL="error", **{name: port})
        done = service.run("up")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    [sentence] = [line for line in done.stderr.splitlines() if line.startswith("spanledger: ")]
    assert f"SPANLEDGER_{name}" in sentence
    assert str(port) in sentence
    assert not service.pids()


def test_without_a_service_commands_open_the_data_themselves(new_service: NewService) -> None:
    service = new_service(new=True)
    doctor = service.run("doctor")
    assert (doctor.returncode, "No data yet" in doctor.stdout) == (0, True)

    migrated = service.run("migrate")
    assert migrated.returncode == 0
    assert re.search(r"0001 traces: done \(\d+ statements\)\n", migrated.stdout)
    assert re.search(r"\d+ steps done\.\n$", migrated.stdout)
    assert service.run("migrate").stdout == "Nothing to do: the tables are up to date.\n"

    query = service.run("query", "SELECT count() AS spans FROM spans")
    assert [line.strip() for line in query.stdout.splitlines()[:2]] == ["spans", "0"]
    assert service.run("rejected", "list").stdout == "Nothing is in quarantine.\n"


def test_keys_are_asked_for_and_the_command_line_has_one(new_service: NewService) -> None:
    service = new_service(API_KEYS="the-first,the-second")
    service.up()
    assert service.get(f"{service.http_url}/readyz").status == 401
    assert service.send(b"").status == 401
    done = service.run("query", "SELECT 1 AS one")
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["one", "1"])
    wrong = service.run("query", "SELECT 1", API_KEYS="another")
    assert (wrong.returncode, _is_one_sentence(wrong.stderr)) == (1, True), wrong.stderr
    assert "the-first" not in service.log.read_text() + wrong.stderr + done.stdout


def test_ctrl_c_drains(new_service: NewService) -> None:
    service = new_service(SEAL_AFTER_SECONDS=5)
    program = service.up()
    assert service.send(spans_body("last", ["a", "b"])).status == 200
    assert program.end(signal.SIGINT) == 0
    assert "Stopping" in program.output
    assert program.output.endswith("Stopped.\n")
    assert not service.pids()
    assert not service.waiting()
    done = service.run("query", "SELECT count() AS spans FROM spans WHERE service = 'last'")
    assert done.stdout.split()[:2] == ["spans", "2"]
    assert "Traceback" not in service.log.read_text()


@pytest.mark.parametrize("after", [0.2, 0.8])
def test_ctrl_c_while_it_starts(new_service: NewService, after: float) -> None:
    service = new_service(new=True)
    program = service.start("up")
    until(lambda: bool(service.pids("serve")), what="a child")
    time.sleep(after)
    began = time.monotonic()
    program.end(signal.SIGINT)
    assert time.monotonic() - began < 10
    assert not service.pids()
    assert "Traceback" not in service.log.read_text()


def test_a_killed_child_is_started_again_and_no_child_outlives_the_supervisor(new_service: NewService) -> None:
    service = new_service()
    program = service.up()
    for role in ("collect", "serve"):
        [pid] = service.pids(role)
        os.kill(pid, signal.SIGKILL)
        program.expect(rf"{role} ended \(signal SIGKILL\); starting it again")
    until(service.answers)
    assert service.send(spans_body("again", ["a"])).status == 200
    until(lambda: service.count("again") == 1)
    program.end(signal.SIGKILL)
    until(lambda: not service.pids(), what="the end of the children")


def test_ipv6(new_service: NewService) -> None:
    if not socket.has_ipv6:
        pytest.skip("This machine has no IPv6.")
    service = new_service(HOST="::1")
    service.up()
    assert service.http_url.startswith("http://[::1]:")
    assert service.send(spans_body("six", ["a"])).status == 200
    until(lambda: service.count("six") == 1)
    done = service.run("query", "SELECT count() AS spans FROM spans")
    assert done.stdout.split()[:2] == ["spans", "1"], done.stderr
