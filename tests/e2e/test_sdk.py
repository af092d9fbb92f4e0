from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from opentelemetry import trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from tests.e2e.conftest import Service, spans_body
from tests.waiting import until

TRANSPORTS = ["grpc", "grpc gzip", "http", "http gzip"]
FRESH_SECONDS = 4.0
"""A row may be queried 2 s after its acknowledgement; this machine also runs the rest of the tests."""


class Exporters:
    """The SDK's own exporters to a service."""

    def __init__(self, service: Service, transport: str) -> None:
        kind, _, compression = transport.partition(" ")
        self._grpc = kind == "grpc"
        self._service = service
        self._gzip = bool(compression)

    def _make(self, over_grpc: Callable[..., Any], over_http: Callable[..., Any], path: str) -> Any:
        if self._grpc:
            compression = grpc.Compression.Gzip if self._gzip else grpc.Compression.NoCompression
            return over_grpc(endpoint=self._service.grpc_address, insecure=True, compression=compression)
        compression = Compression.Gzip if self._gzip else Compression.NoCompression
        return over_http(endpoint=f"{self._service.otlp_url}/v1/{path}", compression=compression)

    def spans(self) -> Any:
        return self._make(GrpcSpans, HttpSpans, "traces")

    def logs(self) -> Any:
        return self._make(GrpcLogs, HttpLogs, "logs")

    def metrics(self) -> Any:
        return self._make(GrpcMetrics, HttpMetrics, "metrics")


@pytest.fixture(params=TRANSPORTS)
def exporters(service: Service, request: pytest.FixtureRequest) -> Exporters:
    return Exporters(service, request.param)


@pytest.fixture
def resource(request: pytest.FixtureRequest) -> Resource:
    """Of a service name of its own: the tests share tables."""
    return Resource(
        {
            "service.name": request.node.name,
            "service.version": "1.2.3",
            "deployment.environment.name": "production",
            "cloud.region": "eu-west-1",
        }
    )


@pytest.fixture
def tracer(exporters: Exporters, resource: Resource) -> Iterator[trace.Tracer]:
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporters.spans(), schedule_delay_millis=100))
    yield provider.get_tracer("my.instrumentation", "0.9")
    provider.shutdown()


def _seen(service: Service, resource: Resource, table: str, count: int) -> list[dict[str, Any]]:
    name = str(resource.attributes["service.name"])
    until(lambda: service.count(name, table) == count, FRESH_SECONDS, f"{count} rows in {table}")
    return service.records(f"SELECT * FROM {table} WHERE service = {{name:String}}", name=name)


def test_an_llm_call(service: Service, tracer: trace.Tracer, resource: Resource) -> None:
    began = time.time()
    with (
        tracer.start_as_current_span(
            "invoke_agent helper", attributes={"gen_ai.operation.name": "invoke_agent"}
        ) as root,
        tracer.start_as_current_span("chat gpt-4o", kind=SpanKind.CLIENT) as call,
    ):
        call.set_attributes(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-4o",
                "gen_ai.response.model": "gpt-4o-2024-08-06",
                "gen_ai.usage.input_tokens": 1200,
                "gen_ai.usage.output_tokens": 345,
                "gen_ai.usage.cache_read.input_tokens": 1024,
                "gen_ai.request.temperature": 0.7,
                "gen_ai.response.finish_reasons": ["stop", "length"],
                "gen_ai.conversation.id": "conversation-7",
                "gen_ai.prompt.name": "assistant",
                "gen_ai.prompt.version": "7",
                "tenant.id": "acme",
                "user.id": "user-9",
                "my.key": "my value",
                "my.flag": True,
            }
        )
        call.add_event("first token", {"n": 1})
        call.set_status(Status(StatusCode.ERROR, "it broke"))
    rows = {row["name"]: row for row in _seen(service, resource, "spans", 2)}
    chat, agent = rows["chat gpt-4o"], rows["invoke_agent helper"]
    context = call.get_span_context()
    expected = {
        "trace_id": f"{context.trace_id:032x}",
        "span_id": f"{context.span_id:016x}",
        "parent_span_id": f"{root.get_span_context().span_id:016x}",
        "kind": "client",
        "scope": "my.instrumentation",
        "scope_version": "0.9",
        "environment": "production",
        "region": "eu-west-1",
        "status": "error",
        "status_message": "it broke",
        "operation": "chat",
        "provider": "openai",
        "request_model": "gpt-4o",
        "model_revision": "gpt-4o-2024-08-06",
        "prompt_name": "assistant",
        "prompt_version": "7",
        "tenant": "acme",
        "user_id": "user-9",
        "session_id": "conversation-7",
        "input_tokens": 1200,
        "output_tokens": 345,
        "cached_input_tokens": 1024,
        "cache_write_tokens": None,
        "temperature": 0.7,
        "finish_reasons": ["stop", "length"],
    }
    assert {name: chat[name] for name in expected} == expected
    assert chat["attributes"]["my.key"] == "my value"
    assert chat["attributes"]["my.flag"] == "true"
    assert (agent["operation"], agent["parent_span_id"]) == ("agent", "0" * 16)
    [[took, problems, version, events]] = service.rows(
        "SELECT toFloat64(ended_at) - toFloat64(started_at), problems, resource_attributes['service.version'], "
        "events.name FROM spans WHERE span_id = {span:String}",
        span=chat["span_id"],
    )
    assert 0 <= took < time.time() - began
    assert (problems, version, events) == ([], "1.2.3", ["first token"])


@pytest.mark.parametrize("exporters", ["http gzip"], indirect=True)
def test_many_spans_in_batches(service: Service, tracer: trace.Tracer, resource: Resource) -> None:
    for number in range(1500):
        tracer.start_span(f"span {number % 10}", attributes={"gen_ai.usage.input_tokens": number}).end()
    name = str(resource.attributes["service.name"])
    until(lambda: service.count(name) == 1500, FRESH_SECONDS, "1500 spans")
    [[total, distinct]] = service.rows(
        "SELECT sum(input_tokens), uniqExact(span_id) FROM spans WHERE service = {name:String}", name=name
    )
    assert (total, distinct) == (sum(range(1500)), 1500)


@pytest.mark.parametrize("exporters", ["grpc", "http gzip"], indirect=True)
def test_an_evaluation_as_a_log_record(service: Service, exporters: Exporters, resource: Resource) -> None:
    provider = LoggerProvider(resource=resource)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporters.logs()))
    provider.get_logger("my.evaluator").emit(
        timestamp=time.time_ns(),
        severity_number=SeverityNumber.WARN,
        severity_text="WARN",
        body="the answer is wrong",
        event_name="gen_ai.evaluation.result",
        attributes={
            "gen_ai.evaluation.name": "correctness",
            "gen_ai.evaluation.score.value": 0.25,
            "gen_ai.evaluation.score.label": "fail",
            "tenant.id": "acme",
            "my.key": "my value",
        },
    )
    provider.shutdown()
    [row] = _seen(service, resource, "events", 1)
    expected = {
        "event_name": "gen_ai.evaluation.result",
        "body": "the answer is wrong",
        "severity_text": "WARN",
        "severity_number": 13,
        "evaluation_name": "correctness",
        "score_value": 0.25,
        "score_label": "fail",
        "tenant": "acme",
        "scope": "my.evaluator",
        "environment": "production",
    }
    assert {name: row[name] for name in expected} == expected
    assert row["attributes"]["my.key"] == "my value"


@pytest.mark.parametrize("exporters", ["grpc", "http gzip"], indirect=True)
def test_metric_points(service: Service, exporters: Exporters, resource: Resource) -> None:
    reader = PeriodicExportingMetricReader(exporters.metrics(), export_interval_millis=60_000)
    provider = MeterProvider([reader], resource=resource)
    meter = provider.get_meter("my.meter")
    meter.create_counter("requests", unit="1").add(3, {"tenant.id": "acme"})
    histogram = meter.create_histogram("gen_ai.client.operation.duration", unit="s")
    for value in (0.5, 1.5, 30.0):
        histogram.record(value, {"gen_ai.request.model": "gpt-4o"})
    provider.shutdown()
    rows = {row["name"]: row for row in _seen(service, resource, "metric_points", 2)}
    requests, duration = rows["requests"], rows["gen_ai.client.operation.duration"]
    assert (requests["kind"], requests["monotonic"], requests["value_int"]) == ("sum", True, 3)
    assert requests["tenant"] == "acme"
    assert (duration["kind"], duration["unit"], duration["count"]) == ("histogram", "s", 3)
    assert (duration["sum"], duration["min"], duration["max"]) == (32.0, 0.5, 30.0)
    assert sum(duration["bucket_counts"]) == 3
    assert duration["attributes"]["gen_ai.request.model"] == "gpt-4o"


def test_the_shape_of_an_answer(service: Service) -> None:
    answer = service.query("SELECT {n:UInt64} AS n, 'text' AS t, [1, 2] AS a", n=2**53)
    assert answer["columns"] == [
        {"name": "n", "type": "UInt64"},
        {"name": "t", "type": "String"},
        {"name": "a", "type": "Array(UInt8)"},
    ]
    assert answer["rows"] == [[2**53, "text", [1, 2]]]
    assert set(answer) == {"columns", "rows", "elapsed_ms", "rows_read"}


def test_the_probes_are_green(service: Service) -> None:
    assert service.get(f"{service.http_url}/healthz").status == 200
    ready = service.get(f"{service.http_url}/readyz")
    assert (ready.status, json.loads(ready.data)) == (200, {"status": "ready"})
    for path in ("healthz", "readyz", "metrics"):
        assert service.get(f"{service.otlp_url}/{path}").status == 200


@pytest.mark.parametrize(
    "metric",
    [
        "spanledger_accepted_items_total",
        "spanledger_accepted_requests_total",
        "spanledger_refused_requests_total",
        "spanledger_rejected_items_total",
        "spanledger_quarantined_requests_total",
        "spanledger_stored_items_total",
        "spanledger_spool_bytes",
        "spanledger_spool_max_bytes",
        "spanledger_newest_row_age_seconds",
        "spanledger_rows",
    ],
)
def test_metrics_have_what_is_promised(service: Service, metric: str) -> None:
    assert f"# TYPE {metric.removesuffix('_total')}" in _metrics(service)


def _metrics(service: Service) -> str:
    return service.get(f"{service.http_url}/metrics").data.decode()


def test_metrics_tell_what_happened(service: Service) -> None:
    before = _value(_metrics(service), 'spanledger_stored_items_total{signal="traces"}')
    assert service.send(spans_body("metrics", ["a", "b", "c"])).status == 200
    until(lambda: service.count("metrics") == 3)
    until(lambda: _value(_metrics(service), 'spanledger_stored_items_total{signal="traces"}') == before + 3)
    text = _metrics(service)
    assert _value(text, "spanledger_engine_up") == 1
    assert 0 <= _value(text, 'spanledger_newest_row_age_seconds{table="spans"}') < 10
    assert _value(text, 'spanledger_rows{table="spans"}') >= 3


def _value(text: str, sample: str) -> float:
    [line] = [line for line in text.splitlines() if line.startswith(f"{sample} ")]
    return float(line.rpartition(" ")[2])
