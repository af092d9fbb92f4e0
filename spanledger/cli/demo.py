"""`spanledger demo`: a service with three weeks of made-up traffic in it, and what the jobs find there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from analytics.jobs.catalogue import JOBS
from analytics.jobs.contract import Job
from spanledger import sql
from spanledger.cli.demo_service import DemoService, running
from spanledger.cli.screen import screen
from spanledger.demo import showcase
from spanledger.demo.clock import moment
from spanledger.demo.labels import Label
from spanledger.demo.plan import Plan
from spanledger.demo.workload import Workload, play
from spanledger.errors import BadRequest
from spanledger.figures import money
from spanledger.settings import Settings, load

DATA_DIR = Path("data-demo")
ALL = list(showcase.BEGAN)
STORED = Path(__file__).with_name("demo_stored.sql")
PER_REQUEST = 2000
OWN = {
    "SPANLEDGER_SETTLE_AFTER_SECONDS": "10",
    "SPANLEDGER_JOBS_CATCH_UP_DAYS": "0",
    "SPANLEDGER_LOG_LEVEL": "warning",
}
"""A service of the demo's own settles soon, and does not run the windows of three weeks that the demo leaves out."""
LAST_WINDOWS = 2
"""Of each job, so many windows up to now are run, ..."""
AFTER_START = {True: (2, 4), False: (0, 2)}
"""... and those that end so many of its paces after the start of an incident that it should find; whether it runs more
often than daily: then the first hours say little."""
STYLES = {"page": "bold red", "ticket": "yellow", "digest": "dim"}
console = screen()


def demo(  # noqa: PLR0913, PLR0917  (one argument for each option)
    data_dir: Annotated[Path, typer.Option(help="Where the demo's data lies, apart from your own.")] = DATA_DIR,
    days: Annotated[int, typer.Option(min=14, max=60)] = showcase.DAYS,
    sessions: Annotated[float, typer.Option(min=20, help="Sessions on a working day.")] = showcase.SESSIONS_PER_DAY,
    seed: Annotated[int, typer.Option(help="Another seed makes other tenants and numbers.")] = 1,
    incident: Annotated[list[str], typer.Option(help="Only these incidents; docs/demo.md lists them all.")] = ALL,
    yes: Annotated[
        bool, typer.Option("--yes", help="Load it though other spans are there.", show_default=False)
    ] = False,
    leave: Annotated[
        bool,
        typer.Option("--exit", help="Stop the service at the end instead of leaving it running.", show_default=False),
    ] = False,
) -> None:
    """Fill a service with a labelled workload, run the jobs over it, and show what they find."""
    environ = {**OWN, **os.environ, "SPANLEDGER_DATA_DIR": str(data_dir)}
    settings = load(environ)
    plan = showcase.plan(time.time_ns(), seed, days, sessions, incident)
    _check_server(settings, yes=yes)
    with running(settings, environ) as service:
        if _may_load(service, yes=yes):
            began = time.monotonic()
            workload = _made(plan)
            _send(service, workload)
            _run_jobs(service, workload)
            console.print(f"{len(workload.spans):,} spans loaded and analysed in {time.monotonic() - began:.0f} s.\n")
        _show(service)
        if service.process and not leave:
            console.print("\nThe service goes on until Ctrl-C.", style="dim")
            service.stay()


def _check_server(settings: Settings, *, yes: bool) -> None:
    if not settings.embedded and not yes:
        raise BadRequest(
            "SPANLEDGER_CLICKHOUSE_URL names a server, where made-up spans would lie among your own. "
            "Unset it, or say --yes."
        )


def _may_load(service: DemoService, *, yes: bool) -> bool:
    """False when the demo is there already. BadRequest when other spans are, unless they may be mixed."""
    [[own, others]] = service.query(sql.read(STORED))
    if int(others) and not yes:
        raise BadRequest(
            f"{service.settings.data_dir} has {int(others):,} spans that are not the demo's. "
            "Name another directory with --data-dir, or say --yes to mix them."
        )
    if int(own):
        console.print(f"The demo is loaded already; remove {service.settings.data_dir} to make a new one.\n")
    return not int(own)


def _made(plan: Plan) -> Workload:
    with console.status(f"Making {plan.days} days of traffic …"):
        return play(plan)


def _send(service: DemoService, workload: Workload) -> None:
    """Revenue first, so that no job sees customers that pay nothing; then spans and scores."""
    prices = [
        {"tenant": each.tenant, "plan": each.plan, "monthly_price_usd": each.monthly_usd, "valid_from": str(each.since)}
        for each in workload.prices
    ]
    service.call("POST", "/revenue", prices)
    with _bar() as bar:
        task = bar.add_task("sending spans", total=len(workload.spans))
        for body in workload.requests(PER_REQUEST):
            service.send(body)
            bar.update(task, advance=PER_REQUEST)
        for body in workload.score_requests(PER_REQUEST):
            service.send(body, "logs")


def _run_jobs(service: DemoService, workload: Workload) -> None:
    """Windows around the incidents, then the last ones up to now: of what a scheduler would have run, a part."""
    todo = [(job, since, until) for job in JOBS for since, until in _times(job, workload)]
    with _bar() as bar:
        task = bar.add_task("running jobs", total=None)
        total = done = 0
        for job, since, until in todo:
            for answer in service.backfill(job.name, since.isoformat(), until.isoformat()):
                if "windows" in answer:
                    total += int(answer["windows"])
                else:
                    done += 1
                bar.update(task, total=total, completed=done, description=f"running {job.name}")


def _times(job: Job, workload: Workload) -> Iterator[tuple[datetime, datetime]]:
    """When a job's windows should end, oldest first."""
    end = moment(workload.end)
    last = end - LAST_WINDOWS * job.every
    for label in sorted(_mine(job, workload.labels), key=lambda label: label.when.since):
        since, until = (
            moment(label.when.since) + paces * job.every for paces in AFTER_START[job.every < timedelta(days=1)]
        )
        if since < last:
            yield since, min(until, last)
    yield last, end + timedelta(seconds=1)


def _mine(job: Job, labels: Sequence[Label]) -> list[Label]:
    return [label for label in labels if label.job == job.name]


def _show(service: DemoService) -> None:
    """Findings, loudest first, with where to read more."""
    findings = service.call("GET", "/findings?limit=200")["findings"]
    order = list(STYLES)
    findings.sort(key=lambda found: (order.index(found["severity"]), found["state"], -(found["cost_usd"] or 0)))
    table = Table(
        "severity", "state", "what", "$", "since, UTC", "details", box=None, header_style="bold", pad_edge=False
    )
    for found in findings:
        table.add_row(
            Text(found["severity"], STYLES[found["severity"]]), found["state"], Text(found["title"]),
            money(found["cost_usd"]), str(found["first_seen"])[:16].replace("T", " "),
            f"spanledger findings show {found['finding_id']}",
        )  # fmt: skip
    console.print(table)
    console.print(f"\npages and API  {service.api}\nfindings       {service.api}/api/v1/findings", highlight=False)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)
