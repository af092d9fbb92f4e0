"""What was said in a trace, each message once, as people read it: role, text, calls of tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True)
class Said:
    """A message, or a part of one: text, a call of a tool, or a tool's answer."""

    role: str
    text: str
    kind: str
    """`text`, `call` or `result`."""
    span_id: str
    """The call in which it came first."""
    cut: int
    """Characters that are stored and not shown."""


def conversation(messages: Sequence[Mapping[str, Any]], agents: Mapping[str, str]) -> list[Said]:
    """The parts of messages in their order; a message whose text is not stored says so. `agents`: names by span."""
    found: list[Said] = []
    for message in messages:
        role = message["role"] or ("assistant" if message["answer"] else "message")
        role = f"{role}, {agents[message['span_id']]}" if agents.get(message["span_id"]) else role
        text = message["text"]
        cut = max(0, int(message["size"]) - len(text))
        if not text:
            found.append(Said(role, "", "missing", message["span_id"], 0))
        for kind, part in _parts(text):
            found.append(Said(role, part, kind, message["span_id"], cut))
    return found


def _parts(text: str) -> list[tuple[str, str]]:
    """(kind, text) of a stored message: JSON of any dialect, or plain text."""
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        return [("text", text)] if text else []
    if not isinstance(message, dict):
        return [("text", message if isinstance(message, str) else text)]
    parts = message.get("parts", message.get("content"))
    found = [part for item in (parts if isinstance(parts, list) else [parts]) for part in _part(item)]
    for call in message.get("tool_calls") or ():
        function = call.get("function", call) if isinstance(call, dict) else {}
        found.append(("call", f"{function.get('name', 'tool')}({_plain(function.get('arguments', ''))})"))
    return found or ([] if parts in ("", []) else [("text", text)])


def _part(item: object) -> list[tuple[str, str]]:
    if item is None or item == "":
        return []
    if not isinstance(item, dict):
        return [("text", _plain(item))]
    kind = str(item.get("type", "text"))
    if kind in ("tool_call", "tool_use", "tool-call"):
        arguments = item.get("arguments", item.get("input", item.get("args", "")))
        return [("call", f"{item.get('name', item.get('toolName', 'tool'))}({_plain(arguments)})")]
    if kind in ("tool_call_response", "tool_result", "tool-result"):
        answer = next(
            (item[name] for name in ("response", "result", "content", "output") if item.get(name) is not None), ""
        )
        return [("result", _plain(answer))]
    content = next((item[name] for name in ("content", "text", "thinking") if item.get(name) is not None), item)
    return [("text", _plain(content))] if content != "" else []


def _plain(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
