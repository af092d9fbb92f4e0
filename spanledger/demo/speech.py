"""What users and models say: short texts by topic and language, stand-ins for longer ones.

A message's text is some twenty words whatever its tokens: what matters to the jobs is which words, and that the same
text comes back with the history.
"""

from __future__ import annotations

from random import Random

import orjson

TOPICS = {
    "billing": "invoice charge refund payment card receipt subscription tax amount balance due overcharged billing "
    "plan discount currency renewal cancel fee statement",
    "shipping": "parcel delivery tracking courier address delayed warehouse customs package dispatch arrived returned "
    "label pickup order missing damaged route express weight",
    "account": "password login email profile verify locked username reset device session security code account signup "
    "permission invite team settings language notification",
    "product": "feature button screen export report dashboard filter chart integration import column sync template "
    "search sort mobile version update setting upload",
    "code": "python function exception stacktrace compile import async variable loop class pytest docker endpoint json "
    "null pointer regex database query index refactor",
    "legal": "contract clause liability termination notice party indemnity jurisdiction breach warranty obligation "
    "renewal confidentiality consent license amendment signature governing law damages",
    "travel": "flight hotel booking visa luggage airport itinerary seat connection passport train upgrade cancellation "
    "layover boarding gate rental map beach museum",
    "medical": "symptom dosage prescription doctor appointment allergy blood pressure tablet pharmacy pain fever test "
    "result clinic insurance referral vaccine chronic side effect",
}
COMMON = {
    "en": "please how can i the my is not what when why does it to a for this with and help need want from about still "
    "after before again could you",
    "de": "bitte wie kann ich die mein ist nicht was wann warum es zu ein für diese mit und hilfe brauche möchte von "
    "über noch nach vor wieder könnten sie",
    "ja": "お願い どう できます 私 これ ない 何 いつ なぜ それ に 一つ ため この "
    "と 助け 必要 欲しい から について まだ 後 前 また ください 教えて 方法 問題 場合 今",
    "es": "por favor cómo puedo el mi es no qué cuándo porqué esto para un con y ayuda necesito quiero de sobre "
    "todavía después antes otra vez podría usted",
}
WORDS = {topic: words.split() for topic, words in TOPICS.items()}
SMALL_WORDS = {locale: words.split() for locale, words in COMMON.items()}
ANSWER_WORDS = (
    "here is the answer you can find this under then choose and confirm we have updated your thanks for asking"
)


def question(random: Random, topic: str, locale: str, words: int) -> str:
    """What a user asks: words of the language and of the topic in turns."""
    half = (words + 1) // 2
    small, large = random.choices(SMALL_WORDS[locale], k=half), random.choices(WORDS[topic], k=half)
    return " ".join(word for pair in zip(small, large, strict=True) for word in pair)


def answer(random: Random, topic: str) -> str:
    """What a model says."""
    return " ".join(random.choices(WORDS[topic], k=5) + random.choices(ANSWER_WORDS.split(), k=7))


def message(role: str, text: str) -> str:
    """A message as OpenTelemetry writes it, in JSON."""
    return _json({"role": role, "parts": [{"type": "text", "content": text}]})


def tool_call(call_id: str, name: str, arguments: str) -> str:
    """An assistant's message that calls a tool."""
    part = {"type": "tool_call", "id": call_id, "name": name, "arguments": orjson.loads(arguments)}
    return _json({"role": "assistant", "parts": [part]})


def tool_result(call_id: str, result: str) -> str:
    """The message that gives back what the tool said."""
    part = {"type": "tool_call_response", "id": call_id, "response": result}
    return _json({"role": "tool", "parts": [part]})


def instructions(prompt: str, version: str, nonce: str = "") -> str:
    """The system instructions of a version of a prompt; `nonce` is what somebody put in front that changes."""
    text = f"{nonce}You are {prompt}, version {version}. Answer briefly, cite sources, never guess."
    return _json([{"type": "text", "content": text}])


def definitions(tools: tuple[str, ...]) -> str:
    """Tool definitions."""
    return _json([{"type": "function", "name": name, "parameters": {"type": "object"}} for name in tools])


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
