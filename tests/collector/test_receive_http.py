from __future__ import annotations

import errno
import gzip
import http.client
import json
import os
import socket
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import zstandard
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector import receive_http
from collector.receive_http import MAX_HEAD_BYTES
from tests.waiting import until

POST_HEAD = b"POST /v1/traces HTTP/1.1\r\nContent-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n"
JSON_BODY = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "from json"}]}]}]}).encode()


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [("identity", bytes), ("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstandard.compress)],
)
def test_a_request_is_stored_and_answered_with_nothing(
    start: Any, stored: Any, make_body: Callable[..., bytes], encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    running = start()
    body = make_body("chat", 300, "some text")
    reply = running.send("/v1/traces", encode(body), content_encoding=encoding)
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"", "application/x-protobuf")
    assert stored.bodies() == [body]


def test_all_three_signals(start: Any, stored: Any, make_body: Callable[..., bytes]) -> None:
    running = start()
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add(severity_text="INFO")
    metrics = ExportMetricsServiceRequest()
    metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="m").gauge.data_points.add(as_int=1)
    bodies = {"traces": make_body(), "logs": logs.SerializeToString(), "metrics": metrics.SerializeToString()}
    for signal, body in bodies.items():
        assert running.send(f"/v1/{signal}", body).status == 200
        assert stored.bodies(signal) == [body]


def test_json_in_json_out(start: Any, stored: Any) -> None:
    reply = start().send("/v1/traces", JSON_BODY, content_type="application/json; charset=utf-8")
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"{}", "application/json")
    assert b"from json" in stored.bodies()[0]


def test_an_empty_request_is_taken_and_not_stored(start: Any, stored: Any) -> None:
    running = start()
    assert running.send("/v1/traces").status == 200
    assert stored.bodies() == []


@pytest.mark.parametrize("size", [3, 40_000])
def test_a_body_in_chunks_is_whole(start: Any, stored: Any, make_body: Callable[..., bytes], size: int) -> None:
    body = make_body("chat", 300, "some text")
    chunks = (body[begin : begin + size] for begin in range(0, len(body), size))
    sent = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    head = POST_HEAD.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked")
    with socket.create_connection(("127.0.0.1", start().http_port), timeout=10) as client:
        client.sendall(head + sent)
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert stored.bodies() == [body]


def test_large_bodies_are_admitted_beside_the_loop(start: Any, stored: Any, make_body: Callable[..., bytes]) -> None:
    body = make_body("chat", 2000, "x" * 1000)
    assert len(body) > receive_http.INLINE_BYTES
    assert start().send("/v1/traces", body).status == 200
    assert stored.bodies() == [body]


def test_partial_success_counts_what_was_rejected(start: Any, stored: Any) -> None:
    spans = [{"name": "ok"}, {"name": "bad", "startTimeUnixNano": "soon"}]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    running = start()
    partial = json.loads(running.send("/v1/traces", body, content_type="application/json").body)["partialSuccess"]
    assert partial["rejectedSpans"] == "1"
    assert "soon" in partial["errorMessage"]
    assert len(stored.bodies()) == 1
    metrics = running.send("/metrics", method="GET").body.decode()
    assert 'spanledger_rejected_items_total{reason="unreadable_json",signal="traces"} 1.0' in metrics


def test_what_was_mended_is_a_warning(start: Any, make_body: Callable[..., bytes]) -> None:
    reply = start().send("/v1/traces", make_body("ch~t").replace(b"~", b"\xff"))
    partial = ExportTraceServiceResponse.FromString(reply.body).partial_success
    assert (reply.status, partial.rejected_spans) == (200, 0)
    assert "not UTF-8" in partial.error_message


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (("/v1/traces", "POST", {}, b"not protobuf"), 400, Code.INVALID_ARGUMENT),
        (("/v1/traces", "POST", {"content_encoding": "gzip"}, b"not gzip"), 400, Code.INVALID_ARGUMENT),
        (("/v1/traces", "POST", {}, b"x" * 5000), 413, Code.INVALID_ARGUMENT),
        (("/v1/traces", "POST", {"content_encoding": "gzip"}, gzip.compress(bytes(10**6))), 413, Code.INVALID_ARGUMENT),
        (("/v1/traces", "POST", {"content_encoding": "br"}, b"x"), 415, Code.INVALID_ARGUMENT),
        (("/v1/traces", "POST", {"content_type": "text/plain"}, b"x"), 415, Code.INVALID_ARGUMENT),
        (("/v1/spans", "POST", {}, b""), 404, Code.NOT_FOUND),
        (("/", "GET", {}, b""), 404, Code.NOT_FOUND),
        (("/v1/traces", "GET", {}, b""), 405, Code.UNIMPLEMENTED),
        (("/healthz", "POST", {}, b""), 405, Code.UNIMPLEMENTED),
    ],
)
def test_refusals(start: Any, sent: tuple[str, str, dict[str, str], bytes], status: int, code: int) -> None:
    path, method, headers, body = sent
    reply = start(max_body_bytes=4096).send(path, body, method=method, **headers)
    assert reply.status == status
    assert "retry-after" not in reply.headers
    if reply.headers["content-type"] == "application/json":
        answer = json.loads(reply.body)
        assert (answer["code"], bool(answer["message"])) == (code, True)
    else:
        answer = Status.FromString(reply.body)
        assert (answer.code, bool(answer.message)) == (code, True)


def test_the_status_is_in_the_form_of_the_request(start: Any) -> None:
    running = start()
    assert Status.FromString(running.send("/v1/traces", b"no").body).code == Code.INVALID_ARGUMENT
    reply = running.send("/v1/traces", b"no", content_type="application/json")
    assert (reply.status, reply.headers["content-type"]) == (400, "application/json")
    assert json.loads(reply.body)["code"] == Code.INVALID_ARGUMENT


def test_keys(start: Any, make_body: Callable[..., bytes]) -> None:
    running = start(api_keys="one,two")
    for headers, status in [
        ({}, 401),
        ({"authorization": "Bearer three"}, 401),
        ({"authorization": "Basic one"}, 401),
        ({"authorization": "Bearer"}, 401),
        ({"authorization": "Bearer two"}, 200),
        ({"authorization": "bearer one"}, 200),
    ]:
        reply = running.send("/v1/traces", make_body(), **headers)
        assert reply.status == status
        assert ("www-authenticate" in reply.headers) == (status == 401)
    assert running.send("/healthz", method="GET").status == 200


def test_a_full_spool_asks_to_wait(start: Any, make_body: Callable[..., bytes]) -> None:
    running = start(spool_max_bytes=1024 * 1024, segment_bytes=4096)
    assert running.send("/v1/traces", make_body("a", 1, "x" * 700_000)).status == 200
    reply = running.send("/v1/traces", make_body("b", 1, "x" * 700_000))
    status = Status.FromString(reply.body)
    assert (reply.status, status.code) == (503, Code.RESOURCE_EXHAUSTED)
    assert 1 <= int(reply.headers["retry-after"]) <= 5
    retry = RetryInfo()
    assert status.details[0].Unpack(retry)
    assert retry.retry_delay.seconds == int(reply.headers["retry-after"])


def test_an_unwritable_spool_asks_to_wait_and_is_not_ready(
    start: Any, make_body: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = start()
    assert json.loads(running.send("/readyz", method="GET").body) == {"status": "ok"}

    def fail(_descriptor: int) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patched:
        patched.setattr("collector.segment.os.fdatasync", fail)
        reply = running.send("/v1/traces", make_body())
        assert (reply.status, reply.headers["retry-after"]) == (503, "5")
        assert Status.FromString(reply.body).code == Code.UNAVAILABLE
        ready = running.send("/readyz", method="GET")
        assert ready.status == 503
        assert "Read-only file system" in json.loads(ready.body)["reason"]
        assert running.send("/healthz", method="GET").status == 200
    assert running.send("/v1/traces", make_body()).status == 200
    assert running.send("/readyz", method="GET").status == 200


def test_bytes_in_work_are_bounded(start: Any, make_body: Callable[..., bytes]) -> None:
    running = start(max_inflight_bytes=1024 * 1024)
    body = make_body("a", 1, "x" * 800_000)
    with socket.create_connection(("127.0.0.1", running.http_port)) as slow:
        slow.sendall(POST_HEAD % len(body) + body[:-1])
        until(lambda: _in_work(running) > 700_000)
        reply = running.send("/v1/traces", body)
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    until(lambda: _in_work(running) == 0)  # the slow client went away
    assert running.send("/v1/traces", body).status == 200


def _in_work(running: Any) -> int:
    return int(running.service._intake.budget.used)


@pytest.mark.parametrize("sent", [b"", b"POST /v1/tr", POST_HEAD % 9 + b"abc"])
def test_a_request_that_does_not_arrive_is_cut_off(start: Any, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(receive_http, "RECEIVE_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", start().http_port), timeout=5) as client:
        client.sendall(sent)
        began = time.monotonic()
        with pytest.raises(ConnectionResetError):
            assert client.recv(100) == b"", "an orderly end will do as well"
            raise ConnectionResetError
        assert time.monotonic() - began < 3


def test_a_head_is_bounded(start: Any) -> None:
    with socket.create_connection(("127.0.0.1", start().http_port), timeout=5) as client:
        client.sendall(b"POST /v1/traces HTTP/1.1\r\n")
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for _ in range(200 * MAX_HEAD_BYTES // 10_000):
                client.sendall(b"x-filler: " + b"y" * 10_000 + b"\r\n")
                time.sleep(0.001)


def test_a_connection_is_used_again_even_after_refusals(start: Any, make_body: Callable[..., bytes]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", start(max_body_bytes=100_000).http_port, timeout=5)
    for body, status in [(make_body(), 200), (bytes(300_000), 413), (b"bad", 400), (make_body("again"), 200)]:
        connection.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.close()


def test_an_upgrade_that_is_not_offered_is_ignored(start: Any, make_body: Callable[..., bytes]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", start().http_port, timeout=5)
    for number in range(3):  # as Java's client does
        headers = {"content-type": "application/x-protobuf", "connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c"}
        connection.request("POST", "/v1/traces", make_body(f"{number}"), headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
    connection.close()


def test_browsers_need_an_allowed_origin(start: Any, make_body: Callable[..., bytes]) -> None:
    preflight = {"origin": "https://app.example", "access_control_request_method": "POST"}
    plain = start()
    assert plain.send("/v1/traces", method="OPTIONS", **preflight).status == 405
    assert (
        "access-control-allow-origin" not in plain.send("/v1/traces", make_body(), origin="https://app.example").headers
    )
    plain.service.stop()
    running = start(cors_origins="https://app.example,https://other.example", api_keys="key")
    allowed = running.send("/v1/traces", method="OPTIONS", **preflight, access_control_request_headers="x-own")
    assert allowed.status == 204
    assert allowed.headers["access-control-allow-origin"] == "https://app.example"
    assert allowed.headers["access-control-allow-headers"] == "x-own"
    assert allowed.headers["vary"] == "Origin"
    refused = running.send("/v1/traces", method="OPTIONS", **{**preflight, "origin": "https://evil.example"})
    assert "access-control-allow-origin" not in refused.headers
    reply = running.send("/v1/traces", make_body(), origin="https://app.example", authorization="Bearer key")
    assert reply.headers["access-control-allow-origin"] == "https://app.example"


def test_metrics_are_prometheus_text(start: Any, make_body: Callable[..., bytes]) -> None:
    running = start()
    running.send("/v1/traces", make_body("a", 3))
    running.send("/v1/traces", make_body("a", 3))
    running.send("/v1/traces", b"bad")
    text = running.send("/metrics", method="GET").body.decode()
    for line in [
        'spanledger_accepted_requests_total{signal="traces"} 1.0',
        'spanledger_accepted_items_total{signal="traces"} 3.0',
        'spanledger_resent_requests_total{signal="traces"} 1.0',
        'spanledger_refused_requests_total{cause="bad_request",transport="http"} 1.0',
        "spanledger_spool_healthy 1.0",
        "spanledger_spool_commit_seconds_count 1.0",
    ]:
        assert line in text.splitlines()
