"""What every program here begins and ends with: OpenTelemetry as users set it up, and what is switched on in it.

    python openai_calls.py INSTRUMENTATION[,INSTRUMENTATION] CALL…

The standard variables say where spans go (OTEL_EXPORTER_OTLP_ENDPOINT) and whose they are (OTEL_SERVICE_NAME). With
SPANS_TO=DIRECTORY each request is also written there as OTLP/JSON: the beginning of a golden file for a dialect.
The last line of output is the number of spans that were exported.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

INSTRUMENTORS = {
    "openinference-openai": "openinference.instrumentation.openai:OpenAIInstrumentor",
    "openinference-anthropic": "openinference.instrumentation.anthropic:AnthropicInstrumentor",
    "openinference-langchain": "openinference.instrumentation.langchain:LangChainInstrumentor",
    "traceloop-openai": "opentelemetry.instrumentation.openai:OpenAIInstrumentor",
    "traceloop-anthropic": "opentelemetry.instrumentation.anthropic:AnthropicInstrumentor",
    "traceloop-langchain": "opentelemetry.instrumentation.langchain:LangchainInstrumentor",
    "otel-openai-v2": "opentelemetry.instrumentation.openai_v2:OpenAIInstrumentor",
    "otel-genai-openai": "opentelemetry.instrumentation.genai.openai:OpenAIInstrumentor",
    "otel-genai-anthropic": "opentelemetry.instrumentation.genai.anthropic:AnthropicInstrumentor",
}
"""Packages that patch an SDK. Others are switched on by the program that uses them."""
NATIVE = "anthropic-native"
"""The Anthropic SDK's own spans, which are on unless it is told otherwise."""

OPENLIT = "openlit"
"""It patches whatever is installed."""


class Exporter(OTLPSpanExporter):
    """The real one, which counts."""

    count = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send, count, and keep a copy if asked to."""
        type(self).count += len(spans)
        if folder := os.environ.get("SPANS_TO"):
            self._keep(spans, Path(folder))
        return super().export(spans)

    def _keep(self, spans: Sequence[ReadableSpan], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        request = MessageToDict(encode_spans(spans), use_integers_for_enums=True)
        path = folder / f"{os.environ['OTEL_SERVICE_NAME']}.{self.count}.json"
        path.write_text(json.dumps(_with_hex_ids(request), indent=1), encoding="utf-8")


def _with_hex_ids(node: Any) -> Any:
    """OTLP/JSON writes ids in hex where protobuf's JSON has base64."""
    if isinstance(node, list):
        return [_with_hex_ids(item) for item in node]
    if not isinstance(node, dict):
        return node
    ids = {"traceId", "spanId", "parentSpanId"}
    return {key: base64.b64decode(item).hex() if key in ids else _with_hex_ids(item) for key, item in node.items()}


def start() -> TracerProvider:
    """A global provider with the instrumentations of the first argument."""
    names = [name for name in sys.argv[1].split(",") if name]
    if NATIVE not in names:
        os.environ["ANTHROPIC_OPEN_TELEMETRY"] = "false"
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Exporter()))
    trace.set_tracer_provider(provider)
    for name in names:
        if name == OPENLIT:
            _openlit()
        if name in INSTRUMENTORS:
            module, _, instrumentor = INSTRUMENTORS[name].partition(":")
            getattr(import_module(module), instrumentor)().instrument(tracer_provider=provider)
    return provider


def _openlit() -> None:
    """With a price list of its own, or it asks for one over the network."""
    import openlit  # noqa: PLC0415 - only one program in ten wants it
    from openlit._instrumentors import MODULE_NAME_MAP  # noqa: PLC0415

    others = sorted(set(MODULE_NAME_MAP) - {"openai", "anthropic"})
    prices = {"chat": {"gpt-5-mini": {"promptPrice": 0.00025, "completionPrice": 0.002}}, "embeddings": {}}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(prices, file)
        file.flush()
        openlit.init(disable_metrics=True, disable_events=True, pricing_json=file.name, disabled_instrumentors=others)


def run(calls: dict[str, Callable[[], object]], provider: TracerProvider, *, in_traces: bool = True) -> None:
    """Make the calls that the other arguments name, each within a span of that name; then everything is sent."""
    tracer = provider.get_tracer("app")
    for name in sys.argv[2:]:
        with tracer.start_as_current_span(name) if in_traces else nullcontext():
            calls[name]()
    provider.shutdown()
    print(Exporter.count)
