"""Who plays: tenants whose sizes follow a power law, and features with their prompts, models and tools."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random

FIRST = (
    "acme", "globex", "initech", "umbra", "hooli", "stark", "wayne", "tyrell", "cyber", "soylent", "vandelay",
    "wonka", "aperture", "massive", "nakatomi", "oscorp", "pied", "monarch", "zorg", "dharma", "blue", "gringotts",
    "duff", "bluth", "prestige", "sterling",
)  # fmt: skip
SECOND = ("labs", "health", "retail", "logistics", "bank", "media", "travel", "energy", "foods", "legal")
LOCALES = ({"en": 1.0}, {"en": 0.7, "es": 0.3}, {"de": 0.9, "en": 0.1}, {"en": 0.85, "de": 0.15})
SMALLEST_USERS, MOST_USERS = 4, 60


class App(StrEnum):
    """How a feature talks to its model."""

    ASSISTANT = "assistant"
    """Conversations that resend their history, with retrieval."""
    EXTRACTION = "extraction"
    """One document, one answer in JSON."""
    AGENT = "agent"
    """Runs of calls and tools."""
    TAGGING = "tagging"
    """One small call."""


@dataclass(frozen=True)
class Tenant:
    """A customer."""

    name: str
    share: float
    """Of all sessions."""
    users: int
    locales: dict[str, float]
    zone: int
    """Hours ahead of UTC."""


@dataclass(frozen=True)
class Feature:
    """What a product offers, and the prompt and model behind it."""

    name: str
    service: str
    app: App
    prompt: str
    version: str
    model: str
    share: float
    """Of all sessions."""
    static: int
    """Tokens of tools and system instructions."""
    scale: float = 1.0
    """Factor on the size of questions and documents."""
    topics: tuple[tuple[str, float], ...] = (("product", 1.0),)
    tools: tuple[str, ...] = ()
    dialect: str = ""
    only: str = ""
    """The one tenant that has it, or empty for all."""
    purpose: str = ""

    @property
    def agent(self) -> str:
        """The name of its agent."""
        return f"{self.service}-agent"


def tenants(random: Random, count: int, exponent: float) -> list[Tenant]:
    """Customers; the k-th largest has a share in proportion to 1 / k ** exponent."""
    names = random.sample([f"{first}-{second}" for first in FIRST for second in SECOND], count)
    weights = [1 / (rank + 1) ** exponent for rank in range(count)]
    return [
        Tenant(
            name,
            weight / sum(weights),
            min(MOST_USERS, SMALLEST_USERS + round(200 * weight / sum(weights))),
            random.choice(LOCALES),
            random.choice((-6, -5, 0, 1, 1, 2)),
        )
        for name, weight in zip(names, weights, strict=True)
    ]


def features(random: Random) -> list[Feature]:
    """A product of four features; names, models and sizes differ from draw to draw."""
    assistant, extraction, agent, tagging = (
        random.choice(names)
        for names in (
            (("helpdesk", "support-chat", "support-answer"), ("concierge", "guest-chat", "guest-reply")),
            (("contracts", "contract-review", "extract-terms"), ("claims", "claim-intake", "read-claim")),
            (("research", "deep-research", "research-plan"), ("ops", "incident-helper", "investigate")),
            (("inbox", "ticket-tagging", "tag-ticket"), ("crm", "lead-scoring", "score-lead")),
        )
    )
    topics = random.sample(("billing", "shipping", "account", "product", "travel"), 3)
    mix = tuple(zip(topics, (0.5, 0.3, 0.2), strict=True))
    tools = random.sample(("search_docs", "fetch_page", "run_query", "read_ticket", "list_orders", "get_metrics"), 4)

    def version() -> str:
        return str(random.randrange(2, 30))

    return [
        Feature(assistant[1], assistant[0], App.ASSISTANT, assistant[2], version(),
                random.choice(("claude-sonnet-4-5", "gpt-4.1", "gpt-4o")), 0.36, random.randrange(6, 14) * 1024,
                topics=mix),
        Feature(extraction[1], extraction[0], App.EXTRACTION, extraction[2], version(),
                random.choice(("gpt-4o", "gpt-4.1", "claude-sonnet-4-5")), 0.22, random.randrange(3, 6) * 1024, 0.6,
                (("legal", 1.0),)),
        Feature(agent[1], agent[0], App.AGENT, agent[2], version(),
                random.choice(("claude-sonnet-4-5", "claude-opus-4-5", "gpt-4.1")), 0.10,
                random.randrange(8, 16) * 1024, topics=(("product", 0.6), ("account", 0.4)), tools=tuple(tools)),
        Feature(tagging[1], tagging[0], App.TAGGING, tagging[2], version(),
                random.choice(("gpt-4o-mini", "gemini-2.5-flash", "gpt-4.1-mini")), 0.32, random.randrange(2, 4) * 1024,
                0.5, (("billing", 0.6), ("shipping", 0.4))),
    ]  # fmt: skip
