"""Which boards there are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Board:
    """A board: its address, job and kind of report, and what is left out of its tables because a chart shows it."""

    name: str
    path: str
    job: str
    report: str
    question: str
    charts: tuple[str, ...]
    skip: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


BOARDS = (
    Board(
        "Customers", "/customers", "cost_concentration", "concentration",
        "Who makes the cost, and who costs more than they pay?", ("lorenz", "whale"),
        ("lorenz", "whale_curve", "dearest_hours"),
    ),
    Board(
        "Cache", "/cache", "cache_hit_rate", "hit_rate", "Do prompt caches hold, and who broke them?", ("hit_rate",),
        ("series",),
    ),
    Board(
        "Waste", "/waste", "retry_waste", "retry_waste", "What does asking again cost?", ("waste", "chains"),
        ("chain_lengths",),
    ),
    Board(
        "Drift", "/drift", "user_drift", "drift", "Did our users move, or did we?", ("shifts", "words"),
        ("words_more", "words_less"),
    ),
    Board(
        "Carbon", "/carbon", "carbon", "report", "What does a resolved task emit?", ("carbon",),
        ("reconcile", "procurement"),
        (("Procurement table (CSV)", "/api/v1/carbon.csv"),),
    ),
)  # fmt: skip
