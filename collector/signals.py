"""The three OTLP signals: where each arrives, which message it is, where it lands."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces


@dataclass(frozen=True)
class Signal:
    """One OTLP signal."""

    name: str
    """`traces`, `logs` or `metrics`: the folder of its spool and the end of its HTTP path `/v1/<name>`."""
    item: str
    """What a client counts: `spans`, `log_records` or `data_points`."""
    request: type[Message]
    response: type[Message]
    partial_success: type[Message]
    grpc_method: str

    @property
    def rejected_field(self) -> str:
        """The field of `partial_success` that counts what was not taken."""
        return f"rejected_{self.item}"


TRACES = Signal(
    "traces", "spans",
    traces.ExportTraceServiceRequest, traces.ExportTraceServiceResponse, traces.ExportTracePartialSuccess,
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
)  # fmt: skip
LOGS = Signal(
    "logs", "log_records",
    logs.ExportLogsServiceRequest, logs.ExportLogsServiceResponse, logs.ExportLogsPartialSuccess,
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
)  # fmt: skip
METRICS = Signal(
    "metrics", "data_points",
    metrics.ExportMetricsServiceRequest, metrics.ExportMetricsServiceResponse, metrics.ExportMetricsPartialSuccess,
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
)  # fmt: skip
SIGNALS = {signal.name: signal for signal in (TRACES, LOGS, METRICS)}
