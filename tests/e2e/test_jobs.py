"""Jobs in the running service, and on data that nobody serves: send spans, run a job, read its findings."""

from __future__ import annotations

import functools
import json
import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from typer.testing import CliRunner

from analytics.jobs.catalogue import JOBS
from spanledger.cli.commands import app
from spanledger.errors import SpanledgerError
from tests.e2e.conftest import Service
from tests.waiting import until

JOB = "errors_by_tenant"
HOUR = timedelta(hours=1)


def last_hour() -> datetime:
    """The start of the newest hour that is over."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - HOUR


class ServiceWithJob(Service):
    """Its processes know one job more."""

    module = "tests.e2e.with_error_job"

    @functools.cached_property
    def hour(self) -> datetime:
        """The start of the newest hour that was over when first asked."""
        return last_hour()

    def post(self, path: str, body: object) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": "application/json", "Connection": "close"}
        url = f"{self.http_url}/api/v1{path}"
        reply = self._http.request("POST", url, body=json.dumps(body), headers=headers, timeout=60)
        return reply.status, json.loads(reply.data)

    def asked(self, path: str) -> dict[str, Any]:
        return dict(json.loads(self.get(f"{self.http_url}/api/v1{path}").data))


def calls(tenant: str, count: int, begin: datetime, *, error: bool) -> bytes:
    """Chat calls within some minutes."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    spans = resource.scope_spans.add().spans
    for number in range(count):
        start = round((begin + timedelta(seconds=number)).timestamp() * 1e9)
        span = spans.add(name="chat gpt-4o", start_time_unix_nano=start, end_time_unix_nano=start + 10**9)
        span.trace_id, span.span_id = os.urandom(16), os.urandom(8)
        span.status.code = Status.STATUS_CODE_ERROR if error else Status.STATUS_CODE_OK
        texts = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "tenant.id": tenant}
        for key, value in {**texts, "gen_ai.provider.name": "openai"}.items():
            span.attributes.add(key=key).value.string_value = value
        span.attributes.add(key="gen_ai.usage.input_tokens").value.int_value = 10_000
        span.attributes.add(key="gen_ai.usage.output_tokens").value.int_value = 1000
    return bytes(request.SerializeToString())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceWithJob]:
    """Receivers, and the engine's side with the job; no window is due by itself."""
    service = ServiceWithJob.on_fixed_ports(tmp_path_factory.mktemp("jobs"), JOBS_SCHEDULE="off").with_tables()
    try:
        service.collect()
        service.serve()
        yield service
    finally:
        service.close()


def test_spans_are_sent_a_job_is_run_and_its_findings_are_read(running: ServiceWithJob) -> None:
    for tenant, error in (("acme", True), ("fine", False)):
        assert running.send(calls(tenant, 300, running.hour, error=error)).status == 200
    window = {"from": running.hour.isoformat(), "to": (running.hour + HOUR).isoformat()}
    status, run = running.post(f"/jobs/{JOB}/run", window)
    assert status == 200, run
    assert (run["outcome"], run["settled"], run["candidates"], run["rows_read"] >= 600) == ("ok", True, 1, True)
    [finding] = run["findings"]
    assert (finding["subject"], finding["severity"], finding["n"]) == ({"tenant": "acme"}, "ticket", 300)
    [listed] = running.asked(f"/findings?job={JOB}")["findings"]
    assert listed == finding
    assert running.asked("/jobs")["jobs"][-1]["open_findings"] == {"ticket": 1}
    assert listed["cost_usd"] > 0
    assert [row["n"] for row in running.asked(f"/findings/{finding['finding_id']}")["observations"]] == [300]
    assert running.rows("SELECT sum(calls) FROM usage") == [[600]]
    assert running.rows("SELECT count() FROM traces") == [[600]]
    assert running.rows("SELECT subject['tenant'], severity FROM findings") == [["acme", "ticket"]]
    assert running.rows("SELECT outcome, trigger FROM job_runs") == [["ok", "manual"]]


def test_what_is_wrong_is_a_problem(running: ServiceWithJob) -> None:
    status, problem = running.post("/jobs/errors_by_tenan/run", {})
    assert (status, problem["detail"]) == (404, f"There is no job 'errors_by_tenan'. Did you mean {JOB}?")
    assert running.post(f"/jobs/{JOB}/run", {"from": "2026-11-21", "to": "2026-11-20"})[0] == 400
    assert running.post(f"/jobs/{JOB}/run", {"from": "soon"})[0] == 400
    assert running.post(f"/jobs/{JOB}/run", {"since": "2026-11-20"})[0] == 422


def say(service: Service, *command: str) -> str:
    """What a command prints, run in this process: starting one takes a second."""
    given = {name: value for name, value in service.environment.items() if name.startswith("SPANLEDGER_")}
    done = CliRunner().invoke(app, list(command), env=given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_commands_ask_the_running_service(running: ServiceWithJob) -> None:
    since, end = (f"{moment:%Y-%m-%dT%H:%M}" for moment in (running.hour, running.hour + HOUR))
    done = running.run("jobs", "run", JOB, "--from", since, "--to", end)
    assert (done.returncode, done.stderr) == (0, "")
    assert "acme fails" in done.stdout
    assert re.search(r"^[\d,]+ rows read, [\d.]+ s$", done.stdout, re.MULTILINE)
    as_json = json.loads(say(running, "jobs", "run", JOB, "--from", since, "--to", end, "--json"))
    assert [found["title"] for found in as_json["findings"]] == ["acme fails"]
    listed = say(running, "jobs", "list")
    assert JOB[:10] in listed
    assert say(running, "jobs", "runs", JOB).count("manual") == 3
    assert say(running, "jobs", "runs").count("manual") == 3
    assert "acme fails" in say(running, "findings", "--state", "open", "--subject", "tenant=acme")
    assert say(running, "findings", "--subject", "tenant=fine") == "No finding.\n"
    shown = say(running, "findings", "show", as_json["findings"][0]["finding_id"])
    assert "SELECT count() FROM spans" in shown
    filled = say(running, "jobs", "backfill", JOB, "--from", since, "--to", end)
    assert filled.splitlines()[-1] == "1 windows, 1 findings, 0 runs failed."


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("jobs", "run", "nothing"), "There is no job 'nothing'."),
        (("jobs", "run", JOB, "--from", "soon"), "'soon' is no time; write 2026-11-21 or 2026-11-21T10:00:00Z."),
        (("jobs", "backfill", "nothing", "--from", "2026-11-01"), "There is no job 'nothing'."),
        (("findings", "--severity", "loud"), "query.severity: "),
        (("findings", "show", "0" * 16), f"There is no finding {'0' * 16}."),
    ],
)
def test_a_wrong_command_is_a_sentence(running: ServiceWithJob, command: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(SpanledgerError) as error:
        say(running, *command)
    assert str(error.value).startswith(sentence)


def test_metrics_tell_of_jobs(running: ServiceWithJob) -> None:
    text = running.get(f"{running.http_url}/metrics").data.decode()
    assert f'spanledger_job_runs_total{{job="{JOB}",outcome="ok"}}' in text
    assert 'spanledger_open_findings{severity="page"} 0.0' in text
    assert 'spanledger_open_findings{severity="ticket"} 1.0' in text


def test_the_home_page_shows_what_is_open(running: ServiceWithJob) -> None:
    page = running.get(running.http_url).data.decode()
    assert "<bdi>acme fails</bdi>" in page


@pytest.mark.parametrize("job", [job.name for job in JOBS])
def test_each_job_says_when_there_is_nothing_to_look_at(running: ServiceWithJob, job: str) -> None:
    status, run = running.post(f"/jobs/{job}/run", {"from": "2020-01-01", "to": "2020-01-02"})
    assert (status, run["outcome"], run["findings"]) == (200, "not_computable", [])


def test_the_schedule_catches_up_and_commands_work_without_a_service(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    service = ServiceWithJob.on_fixed_ports(
        tmp_path_factory.mktemp("schedule"), JOBS_DELAY_SECONDS=0, SETTLE_EVERY_SECONDS=0.5, JOBS_CATCH_UP_DAYS=1
    ).with_tables()
    try:
        collect, serve = service.collect(), service.serve()
        assert service.send(calls("acme", 300, service.hour, error=True)).status == 200
        runs = f"SELECT outcome, trigger, findings FROM job_runs WHERE job = '{JOB}' ORDER BY window_from"
        until(lambda: bool(service.rows(runs)), 60, "the schedule")
        outcome, trigger, findings = service.rows(runs)[0]
        assert (outcome, findings) == ("ok", 1)
        assert trigger == "schedule" or last_hour() > service.hour
        assert f'spanledger_job_lag_seconds{{job="{JOB}"}}' in service.get(f"{service.http_url}/metrics").data.decode()
        assert [collect.end(), serve.end()] == [0, 0]
        assert "will be tried again" not in service.log.read_text()
        window = ("--from", service.hour.isoformat(), "--to", (service.hour + HOUR).isoformat())
        started = time.monotonic()
        done = service.run("jobs", "run", JOB, *window, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        assert time.monotonic() - started < 30
        run = json.loads(done.stdout)
        assert (run["trigger"], [found["n"] for found in run["findings"]]) == ("manual", [300])
        assert "acme fails" in service.run("findings").stdout
    finally:
        service.close()
