from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from grpc_status import rpc_status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from collector.service import CollectService
from collector.signals import TRACES
from spanledger.errors import BadSetting

Call = Callable[..., bytes]


@pytest.fixture
def call() -> Iterator[Call]:
    channels = []

    def send(port: int, body: bytes, method: str = TRACES.grpc_method, **options: Any) -> bytes:
        channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_send_message_length", -1)])
        channels.append(channel)
        return bytes(channel.unary_unary(method)(body, timeout=30, **options))

    yield send
    for channel in channels:
        channel.close()


def _refused(call: Call, *args: Any, **options: Any) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call(*args, **options)
    return caught.value


def _retry_seconds(error: grpc.RpcError) -> int | None:
    status = rpc_status.from_call(error)
    retry = RetryInfo()
    return retry.retry_delay.seconds if status and any(detail.Unpack(retry) for detail in status.details) else None


@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_a_request_is_stored(
    start: Any, stored: Any, call: Call, make_body: Callable[..., bytes], compression: Any
) -> None:
    body = make_body("chat", 100, "some text")
    assert call(start().grpc_port, body, compression=compression) == b""
    assert stored.bodies() == [body]


def test_refusals(start: Any, call: Call, make_body: Callable[..., bytes]) -> None:
    port = start(max_body_bytes=4096).grpc_port
    assert _refused(call, port, b"not protobuf").code() == grpc.StatusCode.INVALID_ARGUMENT
    assert _refused(call, port, make_body(), "/no.such/Method").code() == grpc.StatusCode.UNIMPLEMENTED
    large = _refused(call, port, bytes(5000))
    assert (large.code(), _retry_seconds(large)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, None)


def test_keys(start: Any, call: Call, make_body: Callable[..., bytes]) -> None:
    port = start(api_keys="one").grpc_port
    assert _refused(call, port, make_body()).code() == grpc.StatusCode.UNAUTHENTICATED
    wrong = _refused(call, port, make_body(), metadata=[("authorization", "Bearer two")])
    assert wrong.code() == grpc.StatusCode.UNAUTHENTICATED
    assert call(port, make_body(), metadata=[("authorization", "Bearer one")]) == b""


def test_a_warning_comes_with_success(start: Any, call: Call, make_body: Callable[..., bytes]) -> None:
    response = ExportTraceServiceResponse.FromString(call(start().grpc_port, make_body("ch~t").replace(b"~", b"\xff")))
    assert response.partial_success.rejected_spans == 0
    assert "not UTF-8" in response.partial_success.error_message


def test_a_full_spool_asks_to_wait(start: Any, call: Call, make_body: Callable[..., bytes]) -> None:
    port = start(spool_max_bytes=1024 * 1024, segment_bytes=4096).grpc_port
    call(port, make_body("a", 1, "x" * 700_000))
    error = _refused(call, port, make_body("b", 1, "x" * 700_000))
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert _retry_seconds(error) in range(1, 6)


def test_an_unwritable_spool_asks_to_wait(
    start: Any, call: Call, make_body: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = start().grpc_port

    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("collector.segment.os.fdatasync", fail)
        error = _refused(call, port, make_body())
    assert (error.code(), _retry_seconds(error)) == (grpc.StatusCode.UNAVAILABLE, 5)
    assert "No space left on device" in (error.details() or "")
    assert call(port, make_body()) == b""


def test_a_port_in_use_is_an_error(start: Any, make_settings: Any, tmp_path: Path) -> None:
    running = start()
    other = tmp_path / "other"
    with pytest.raises(BadSetting, match="SPANLEDGER_OTLP_GRPC_PORT"):
        CollectService(make_settings(data_dir=other, otlp_grpc_port=running.grpc_port))
    with pytest.raises(BadSetting, match="SPANLEDGER_OTLP_HTTP_PORT"):
        CollectService(make_settings(data_dir=other, otlp_http_port=running.http_port))


def test_a_bomb_does_not_go_off(tmp_path: Path, call: Call) -> None:
    bound = 16 * 1024 * 1024
    environment = {
        **os.environ,
        "SPANLEDGER_DATA_DIR": str(tmp_path / "data"),
        "SPANLEDGER_OTLP_GRPC_PORT": "0",
        "SPANLEDGER_OTLP_HTTP_PORT": "0",
        "SPANLEDGER_MAX_BODY_BYTES": str(bound),
    }
    with subprocess.Popen([sys.executable, "-m", "collector"], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout
        port = int(process.stdout.readline().split()[1].rpartition(b":")[2])
        before = _peak_bytes(process.pid)
        error = _refused(call, port, bytes(512 * 1024 * 1024), compression=grpc.Compression.Gzip)
        grown = _peak_bytes(process.pid) - before
        process.terminate()
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert grown < 3 * bound
    assert process.returncode == 0


def _peak_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def test_the_generated_stub_works(start: Any, stored: Any, make_body: Callable[..., bytes]) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{start().grpc_port}") as channel:
        stub: Any = TraceServiceStub
        response = stub(channel).Export(TRACES.request.FromString(make_body()))
    assert response == ExportTraceServiceResponse()
    assert len(stored.bodies()) == 1
