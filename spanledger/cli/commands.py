"""The commands, by name. An error of ours is one sentence, never a traceback."""

from __future__ import annotations

import sys

import typer

from spanledger.cli.lazy import LazyGroup
from spanledger.errors import SpanledgerError


class Root(LazyGroup):
    """All commands, in the order of the help."""

    sources = {  # noqa: RUF012 - declared by LazyGroup
        "up": "spanledger.cli.up:up",
        "collect": "spanledger.cli.collect_role:collect",
        "serve": "spanledger.cli.engine_role:serve",
        "analyze": "spanledger.cli.analyze_role:analyze",
        "demo": "spanledger.cli.demo:demo",
        "migrate": "spanledger.cli.data:migrate",
        "query": "spanledger.cli.data:query",
        "jobs": "spanledger.cli.jobs:jobs_app",
        "findings": "spanledger.cli.jobs:findings_app",
        "alerts": "spanledger.cli.alerts:app",
        "triage": "spanledger.cli.triage:triage",
        "carbon": "spanledger.cli.carbon:carbon",
        "prices": "spanledger.cli.money:prices_app",
        "revenue": "spanledger.cli.money:revenue_app",
        "reprice": "spanledger.cli.money:reprice",
        "energy": "spanledger.cli.energy:app",
        "explain-mapping": "spanledger.cli.explain_mapping:explain_mapping",
        "delete": "spanledger.cli.data:delete_app",
        "rejected": "spanledger.cli.data:rejected_app",
        "keys": "spanledger.cli.keys:app",
        "audit": "spanledger.cli.keys:audit",
        "doctor": "spanledger.cli.doctor:doctor",
        "version": "spanledger.cli.data:version",
    }


app = typer.Typer(cls=Root, no_args_is_help=True, add_completion=False)


@app.callback()
def spanledger() -> None:
    """Spanledger: every LLM span kept, every cost explained."""


def main() -> None:
    """Run the command; an error of ours is one sentence and exit code 1, never a traceback."""
    try:
        app()
    except SpanledgerError as error:
        sys.stderr.write(f"spanledger: {error}\n")
        sys.exit(1)
