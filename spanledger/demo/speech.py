"""What users and models say: short texts by topic and language, stand-ins for longer ones.

A message's text is some twenty words whatever its tokens: what matters to the jobs is which words, and that the same
text comes back with the history.
"""

from __future__ import annotations

import json
from random import Random

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
    """What a user asks: half words of the topic, half of the language."""
    small = random.choices(SMALL_WORDS[locale], k=words - words // 2)
    mixed = random.choices(WORDS[topic], k=words // 2) + small
    random.shuffle(mixed)
    return " ".join(mixed)


def answer(random: Random, topic: str) -> str:
    """What a model says."""
    return " ".join(random.choices(WORDS[topic], k=5) + random.choices(ANSWER_WORDS.split(), k=7))


def message(role: str, text: str) -> str:
    """A message as OpenTelemetry writes it, in JSON."""
    return json.dumps(
        {"role": role, "parts": [{"type": "text", "content": text}]}, ensure_ascii=False, separators=(",", ":")
    )


def tool_call(call_id: str, name: str, arguments: str) -> str:
    """An assistant's message that calls a tool."""
    part = {"type": "tool_call", "id": call_id, "name": name, "arguments": json.loads(arguments)}
    return json.dumps({"role": "assistant", "parts": [part]}, separators=(",", ":"))


def tool_result(call_id: str, result: str) -> str:
    """The message that gives back what the tool said."""
    part = {"type": "tool_call_response", "id": call_id, "response": result}
    return json.dumps({"role": "tool", "parts": [part]}, separators=(",", ":"))


def instructions(prompt: str, version: str, nonce: str = "") -> str:
    """The system instructions of a version of a prompt; `nonce` is what somebody put in front that changes."""
    text = f"{nonce}You are {prompt}, version {version}. Answer briefly, cite sources, never guess."
    return json.dumps([{"type": "text", "content": text}], separators=(",", ":"))


def definitions(tools: tuple[str, ...]) -> str:
    """Tool definitions."""
    return json.dumps(
        [{"type": "function", "name": name, "parameters": {"type": "object"}} for name in tools], separators=(",", ":")
    )
