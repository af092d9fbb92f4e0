"""A stand-in for the APIs of OpenAI and Anthropic on loopback: fixed answers, fixed usage, and a count of both.

The first part of a path names the program that calls, so that each has its own count. A call whose text has the word
`busy` is refused with 429 the first time that it comes, and answered after that.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODELS = {"gpt-5-mini": "gpt-5-mini-2025-08-07", "claude-sonnet-4-5": "claude-sonnet-4-5-20250929"}
"""The dated model that answers for a name."""
FIRST_CHUNK_SECONDS = 0.02
"""Between the first piece of a stream and the rest."""

Json = dict[str, Any]

OPENAI_CHAT_USAGE: Json = {
    "prompt_tokens": 1210,
    "completion_tokens": 96,
    "total_tokens": 1306,
    "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 64, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
    },
}  # fmt: skip
OPENAI_RESPONSES_USAGE: Json = {
    "input_tokens": 1210,
    "input_tokens_details": {"cached_tokens": 1024},
    "output_tokens": 96,
    "output_tokens_details": {"reasoning_tokens": 64},
    "total_tokens": 1306,
}
OPENAI_EMBEDDING_USAGE: Json = {"prompt_tokens": 8, "total_tokens": 8}
ANTHROPIC_USAGE: Json = {
    "input_tokens": 42,
    "cache_read_input_tokens": 12288,
    "cache_creation_input_tokens": 2048,
    "cache_creation": {"ephemeral_5m_input_tokens": 1536, "ephemeral_1h_input_tokens": 512},
    "output_tokens": 118,
    "service_tier": "standard",
}
TEXT = "It is 18 degrees in Paris."
ARGUMENTS = {"city": "Paris"}


@dataclass(frozen=True)
class Answer:
    """One request that was answered, or refused."""

    path: str
    status: int
    model: str


class Provider:
    """What was asked of it, by case."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._answers: dict[str, list[Answer]] = defaultdict(list)
        self._refused: set[str] = set()

    def openai_url(self, case: str) -> str:
        return f"{self._address}/{case}/v1"

    def anthropic_url(self, case: str) -> str:
        return f"{self._address}/{case}"

    def billed(self, case: str) -> int:
        """Calls that the provider would ask money for."""
        return sum(answer.status == 200 for answer in self._answers[case])

    def refused(self, case: str) -> int:
        return sum(answer.status != 200 for answer in self._answers[case])

    def note(self, case: str, path: str, body: Json) -> tuple[int, str]:
        """Write down a request; the status that it is answered with, and a name for the ids in the answer."""
        text = json.dumps([case, body.get("messages"), body.get("input")])
        with self._lock:
            refuse = "busy" in text and text not in self._refused
            self._refused |= {text} if refuse else set()
            answers = self._answers[case]
            answers.append(Answer(path, 429 if refuse else 200, str(body.get("model", ""))))
            return answers[-1].status, f"{case}_{len(answers)}".replace("-", "_")


def _sse(events: list[tuple[str, Json | str]]) -> list[bytes]:
    """Server-sent events; a name of '' is left out, as OpenAI does for chat."""
    lines = []
    for name, data in events:
        text = data if isinstance(data, str) else json.dumps(data)
        lines.append((f"event: {name}\n" if name else "") + f"data: {text}\n\n")
    return [line.encode() for line in lines]


def _wants_tool(body: Json) -> bool:
    """Tools were offered, and no result of one has come back yet."""
    results = ('"role": "tool"', '"tool_result"', '"function_call_output"')
    text = json.dumps(body.get("messages") or body.get("input") or "")
    return bool(body.get("tools")) and not any(result in text for result in results)


# OpenAI


def openai_chat(body: Json, ident: str) -> Json | list[bytes]:
    """`/chat/completions`."""
    head = {"id": f"chatcmpl-{ident}", "created": int(time.time()), "model": MODELS.get(body["model"], body["model"]),
            "service_tier": "default", "system_fingerprint": "fp_44709d6fcb"}  # fmt: skip
    message: Json = {"role": "assistant", "content": TEXT}
    finish = "stop"
    if _wants_tool(body):
        call = {"name": "get_weather", "arguments": json.dumps(ARGUMENTS)}
        calls = [{"index": 0, "id": f"call_{ident}", "type": "function", "function": call}]
        message, finish = {"role": "assistant", "content": None, "tool_calls": calls}, "tool_calls"
    if not body.get("stream"):
        for call in message.get("tool_calls", []):
            call.pop("index")
        choice = {"index": 0, "message": message | {"refusal": None}, "finish_reason": finish, "logprobs": None}
        return head | {"object": "chat.completion", "choices": [choice], "usage": OPENAI_CHAT_USAGE}
    chunk = head | {"object": "chat.completion.chunk", "usage": None}
    events: list[tuple[str, Json | str]] = [
        ("", chunk | {"choices": [{"index": 0, "delta": message, "finish_reason": None}]}),
        ("", chunk | {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}),
    ]
    if (body.get("stream_options") or {}).get("include_usage"):
        events.append(("", chunk | {"choices": [], "usage": OPENAI_CHAT_USAGE}))
    return _sse([*events, ("", "[DONE]")])


def openai_responses(body: Json, ident: str) -> Json | list[bytes]:
    """`/responses`."""
    output: Json = {"type": "message", "id": f"msg_{ident}", "status": "completed", "role": "assistant",
                    "content": [{"type": "output_text", "text": TEXT, "annotations": []}]}  # fmt: skip
    if _wants_tool(body):
        output = {"type": "function_call", "id": f"fc_{ident}", "call_id": f"call_{ident}", "status": "completed",
                  "name": "get_weather", "arguments": json.dumps(ARGUMENTS)}  # fmt: skip
    whole: Json = {
        "id": f"resp_{ident}", "object": "response", "created_at": int(time.time()), "status": "completed",
        "model": MODELS.get(body["model"], body["model"]), "output": [output], "usage": OPENAI_RESPONSES_USAGE,
        "service_tier": "default", "parallel_tool_calls": True, "tool_choice": "auto", "tools": body.get("tools", []),
        "error": None, "incomplete_details": None, "instructions": None, "metadata": {}, "temperature": 1.0,
        "top_p": 1.0, "text": {"format": {"type": "text"}}, "truncation": "disabled", "reasoning": {"effort": "low"},
    }  # fmt: skip
    if not body.get("stream"):
        return whole
    begun = whole | {"status": "in_progress", "output": [], "usage": None}
    at = {"item_id": output["id"], "output_index": 0, "content_index": 0}
    events: list[tuple[str, Json]] = [
        ("response.created", {"response": begun}),
        ("response.output_item.added", {"output_index": 0, "item": output | {"status": "in_progress", "content": []}}),
        ("response.output_text.delta", at | {"delta": TEXT, "logprobs": []}),
        ("response.output_text.done", at | {"text": TEXT, "logprobs": []}),
        ("response.output_item.done", {"output_index": 0, "item": output}),
        ("response.completed", {"response": whole}),
    ]
    return _sse([(name, {"type": name, "sequence_number": n} | data) for n, (name, data) in enumerate(events)])


def openai_embeddings(body: Json, _: str) -> Json | list[bytes]:
    """`/embeddings`; the SDK asks for base64 and understands lists too."""
    rows = [{"object": "embedding", "index": 0, "embedding": [0.5, -0.25, 0.125]}]
    return {"object": "list", "data": rows, "model": body["model"], "usage": OPENAI_EMBEDDING_USAGE}


# Anthropic


def anthropic_messages(body: Json, ident: str) -> Json | list[bytes]:
    """`/v1/messages`."""
    block: Json = {"type": "text", "text": TEXT}
    stop = "end_turn"
    if _wants_tool(body):
        block = {"type": "tool_use", "id": f"toolu_{ident}", "name": "get_weather", "input": ARGUMENTS}
        stop = "tool_use"
    whole: Json = {
        "id": f"msg_{ident}", "type": "message", "role": "assistant", "content": [block],
        "model": MODELS.get(body["model"], body["model"]), "stop_reason": stop, "stop_sequence": None,
        "usage": ANTHROPIC_USAGE,
    }  # fmt: skip
    if not body.get("stream"):
        return whole
    begun = whole | {"content": [], "stop_reason": None, "usage": ANTHROPIC_USAGE | {"output_tokens": 1}}
    if stop == "tool_use":
        empty, delta = block | {"input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(ARGUMENTS)}
    else:
        empty, delta = block | {"text": ""}, {"type": "text_delta", "text": TEXT}
    end = {"delta": {"stop_reason": stop, "stop_sequence": None}, "usage": {"output_tokens": 118}}
    events: list[tuple[str, Json]] = [
        ("message_start", {"message": begun}),
        ("content_block_start", {"index": 0, "content_block": empty}),
        ("content_block_delta", {"index": 0, "delta": delta}),
        ("content_block_stop", {"index": 0}),
        ("message_delta", end),
        ("message_stop", {}),
    ]
    return _sse([(name, {"type": name} | data) for name, data in events])


ROUTES = {
    "/v1/chat/completions": openai_chat,
    "/v1/responses": openai_responses,
    "/v1/embeddings": openai_embeddings,
    "/v1/messages": anthropic_messages,
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    provider: Provider

    def do_POST(self) -> None:
        """Answer as the provider of this path would."""
        case, _, path = self.path.lstrip("/").partition("/")
        route = ROUTES.get(f"/{path.partition('?')[0]}")
        body: Json = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if route is None:
            self._send(404, [json.dumps({"error": {"type": "not_found_error", "message": self.path}}).encode()])
            return
        status, ident = self.provider.note(case, path, body)
        if status == 429:
            error = {"type": "rate_limit_error", "message": "Too many requests.", "code": "rate_limit_exceeded"}
            self._send(429, [json.dumps({"type": "error", "error": error}).encode()])
        else:
            answer = route(body, ident)
            self._send(200, answer if isinstance(answer, list) else [json.dumps(answer).encode()])

    def _send(self, status: int, pieces: list[bytes]) -> None:
        streams = len(pieces) > 1
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream" if streams else "application/json")
        self.send_header("Content-Length", str(sum(map(len, pieces))))
        self.send_header("request-id", "req_011CSHoEeqs5C35K2UUqR7Fy")
        self.send_header("anthropic-organization-id", "8d2c7c1e-0000-4000-8000-000000000000")
        if status == 429:
            self.send_header("retry-after", "1")
            self.send_header("retry-after-ms", "20")  # both SDKs prefer it
        self.end_headers()
        for number, piece in enumerate(pieces):
            self.wfile.write(piece)
            if streams and not number:
                self.wfile.flush()
                time.sleep(FIRST_CHUNK_SECONDS)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test says what went wrong."""


@contextmanager
def running() -> Iterator[Provider]:
    """A provider on a free port."""
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        handler.provider = Provider(f"http://127.0.0.1:{server.server_address[1]}")  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield handler.provider  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()
