"""Faults that the demo's incidents lack: they change the spans of a quiet workload from a moment on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from spanledger.demo.cast import App, Feature
from spanledger.demo.clock import SECOND, Stretch
from spanledger.demo.plan import Plan
from spanledger.demo.records import Kind, Span

FEATURE = "app.feature"
INPUT, OUTPUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
OTHER_REVISION = {
    "gpt-4o": "gpt-4o-2024-11-20", "gpt-4.1": "gpt-4.1-2025-04-14", "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14", "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
    "claude-opus-4-5": "claude-opus-4-5-20251101", "gemini-2.5-flash": "gemini-2.5-flash-preview-09-2025",
}  # fmt: skip
"""What an alias may lead to one day: names that the price list knows."""


@dataclass
class Scene:
    """A workload's spans, and where the fault goes."""

    spans: list[Span]
    feature: Feature
    when: Stretch
    random: Random

    def those(self, kind: Kind) -> Iterator[Span]:
        """Spans of the feature and kind in the bad time."""
        for span in self.spans:
            if (
                span.kind is kind
                and span.attributes.get(FEATURE) == self.feature.name
                and self.when.holds(span.started)
            ):
                yield span

    def fail(self, traces: set[bytes], chance: float) -> None:
        """Let tasks of some traces end badly."""
        for span in self.spans:
            judged = span.trace_id in traces and not span.parent_id and "task.outcome" in span.attributes
            if judged and self.random.random() < chance:
                span.attributes["task.outcome"] = "failure"


@dataclass(frozen=True)
class Fault:
    """One kind of fault, what an alert about it would measure, and whose it is."""

    name: str
    apps: tuple[App, ...]
    metric: str
    surface: str
    plant: Callable[[Scene], None]


def alias_moves(scene: Scene) -> None:
    """The model behind an alias is another one, which needs more tokens for the same."""
    for span in scene.those(Kind.CHAT):
        name = str(span.attributes["gen_ai.request.model"])
        old = str(span.attributes["gen_ai.response.model"])
        new = OTHER_REVISION.get(name, f"{name}-2026-11-01")
        span.attributes["gen_ai.response.model"] = new if new != old else name
        span.attributes[OUTPUT] = int(int(span.attributes.get(OUTPUT, 0)) * 2.5)  # type: ignore[arg-type]
        span.attributes[INPUT] = int(int(span.attributes.get(INPUT, 0)) * 1.4)  # type: ignore[arg-type]
        span.ended += (span.ended - span.started) // 2


def other_tier(scene: Scene) -> None:
    """Calls go to a slow tier."""
    for span in scene.those(Kind.CHAT):
        span.attributes["gen_ai.response.service_tier"] = "flex"
        span.ended += 3 * (span.ended - span.started)


def longer_prompt(scene: Scene) -> None:
    """A release makes the instructions longer, and the answers."""
    for span in scene.those(Kind.CHAT):
        span.attributes["gen_ai.prompt.version"] = str(int(str(span.attributes["gen_ai.prompt.version"])) + 1)
        span.attributes[INPUT] = int(int(span.attributes.get(INPUT, 0)) * 1.8)  # type: ignore[arg-type]
        if "gen_ai.system_instructions" in span.attributes:
            said = str(span.attributes["gen_ai.system_instructions"])
            span.attributes["gen_ai.system_instructions"] = said.replace('"content":"', '"content":"Think first. ', 1)


def other_index(scene: Scene) -> None:
    """The index is built anew, badly: other documents, low scores, wrong answers."""
    hit = set()
    for span in scene.those(Kind.RETRIEVAL):
        found = ",".join(
            f'{{"id":"v2-{scene.random.randrange(90)}","score":{round(scene.random.uniform(0.1, 0.4), 3)}}}'
            for _ in range(4)
        )
        span.attributes["gen_ai.retrieval.documents"] = f"[{found}]"
        hit.add(span.trace_id)
    scene.fail(hit, 0.7)


def nothing_found(scene: Scene) -> None:
    """Two of three searches find nothing."""
    hit = set()
    for span in scene.those(Kind.RETRIEVAL):
        if scene.random.random() < 0.67:
            span.attributes["gen_ai.retrieval.documents"] = "[]"
            hit.add(span.trace_id)
    scene.fail(hit, 0.8)


def slow_retrieval(scene: Scene) -> None:
    """Retrieval takes ten seconds and more."""
    for span in scene.those(Kind.RETRIEVAL):
        span.ended += int(scene.random.uniform(20, 60) * SECOND)


def tool_fails(scene: Scene) -> None:
    """A tool answers with an error two times of three."""
    hit = set()
    for span in scene.those(Kind.TOOL):
        if span.attributes["gen_ai.tool.name"] == scene.feature.tools[0] and scene.random.random() < 0.67:
            span.error = "upstream is unavailable"
            span.attributes["error.type"] = "unavailable"
            hit.add(span.trace_id)
    scene.fail(hit, 0.6)


def tool_slow(scene: Scene) -> None:
    """A tool takes a minute."""
    for span in scene.those(Kind.TOOL):
        if span.attributes["gen_ai.tool.name"] == scene.feature.tools[0]:
            span.ended += int(scene.random.uniform(60, 120) * SECOND)


FAULTS: tuple[Fault, ...] = (
    Fault("alias_moves", (App.ASSISTANT, App.EXTRACTION, App.TAGGING), "cost", "model", alias_moves),
    Fault("other_tier", (App.ASSISTANT, App.EXTRACTION, App.TAGGING), "latency", "model", other_tier),
    Fault("longer_prompt", (App.ASSISTANT, App.EXTRACTION, App.TAGGING), "cost", "prompt", longer_prompt),
    Fault("other_index", (App.ASSISTANT,), "failures", "retrieval", other_index),
    Fault("nothing_found", (App.ASSISTANT,), "failures", "retrieval", nothing_found),
    Fault("slow_retrieval", (App.ASSISTANT,), "latency", "retrieval", slow_retrieval),
    Fault("tool_fails", (App.AGENT,), "errors", "tools", tool_fails),
    Fault("tool_slow", (App.AGENT,), "latency", "tools", tool_slow),
)


def feature_for(plan: Plan, fault: Fault, random: Random) -> Feature:
    """A feature that the fault fits, with enough traffic to see it."""
    feature = random.choice([each for each in plan.features if each.app in fault.apps])
    plan.busy(feature, 900 if feature.app is App.AGENT else 300)
    return feature
