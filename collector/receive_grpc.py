"""OTLP over gRPC: grpcio's server with handlers that see a request as bytes.

grpcio inflates gzip and deflate itself and stops at `max_body_bytes`, so a small message can't say gigabytes (a test
holds that). A message that is too large is refused by grpcio as RESOURCE_EXHAUSTED without RetryInfo: permanent.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import grpc
from grpc_status import rpc_status

from collector.answers import NO_KEY, PROTOBUF
from collector.intake import Intake
from collector.signals import SIGNALS, Signal
from spanledger.errors import BadSetting
from spanledger.settings import Settings

THREADS = 16
"""Requests in work at once. A thread waits while its request goes to disk."""
SHUTDOWN_SECONDS = 5
"""Time for requests in work to end when the service stops."""


class GrpcServer:
    """Listens from the start, serves after `start`. BadSetting when the port can't be had."""

    def __init__(self, settings: Settings, intake: Intake) -> None:
        self._server = grpc.server(
            ThreadPoolExecutor(THREADS, thread_name_prefix="otlp-grpc"),
            handlers=[_Handler(intake)],
            options=[
                ("grpc.max_receive_message_length", settings.max_body_bytes),
                ("grpc.so_reuseport", 0),  # a port in use is an error
                ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),  # exporters that keep connections alive
                ("grpc.keepalive_permit_without_calls", 1),
            ],
        )
        host = f"[{settings.host.strip('[]')}]" if ":" in settings.host else settings.host
        try:
            self.port: int = self._server.add_insecure_port(f"{host}:{settings.otlp_grpc_port}")
        except RuntimeError as error:
            raise BadSetting(
                f"SPANLEDGER_OTLP_GRPC_PORT: {host}:{settings.otlp_grpc_port} can't be listened on; another process "
                "has it, or the address is not of this machine. Stop that process or choose another port."
            ) from error

    def start(self) -> None:
        """Take requests."""
        self._server.start()

    def stop(self) -> None:
        """Take no more, and end what is in work."""
        self._server.stop(SHUTDOWN_SECONDS).wait()


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Finds the signal of a method; of others grpcio says UNIMPLEMENTED."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._methods = {
            signal.grpc_method: grpc.unary_unary_rpc_method_handler(partial(self._export, signal))
            for signal in SIGNALS.values()
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """The handler of a call."""
        return self._methods.get(handler_call_details.method)

    def _export(self, signal: Signal, body: bytes, context: grpc.ServicerContext) -> bytes:
        headers = dict(context.invocation_metadata())
        if not self._intake.allows(headers.get("authorization", "").encode()):
            self._intake.count_refusal(NO_KEY, "grpc")
            context.abort_with_status(rpc_status.to_status(NO_KEY.status))
        try:
            return self._take(signal, body)
        except Exception as error:  # noqa: BLE001  (refuse() logs what is not ours)
            answer = self._intake.refuse(error, "grpc")
        return bytes(context.abort_with_status(rpc_status.to_status(answer.status)))  # raises

    def _take(self, signal: Signal, body: bytes) -> bytes:
        with self._intake.budget.share() as share:
            share.take(len(body))
            receipt = self._intake.take(signal, body, PROTOBUF)
            if receipt.stored:
                receipt.stored.result()
        return receipt.response
