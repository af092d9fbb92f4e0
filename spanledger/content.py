"""Content: what the views that hash, mask and cut it need to know, and the two questions that people ask of it.

The key of the hashes stands in the text of a view. Nobody reads that over the API, whose guard refuses `system.tables`
and SHOW; and an error that quotes it loses it on its way out of `spanledger.engine`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import BadSetting, QueryFailed
from spanledger.settings import Settings, variable

KEY_FILE = "content.key"
SECRET_BYTES = 32
TOP_BIT = 1 << 63
"""Set in both halves of a key, so that each has 19 or 20 digits: by that errors are cleaned of them."""

CONVERSATION = Path(__file__).with_name("conversation.sql")
FIRST_DIFFERENCE = Path(__file__).with_name("first_difference.sql")
TRY_PATTERN = Path(__file__).with_name("try_pattern.sql")

MASKS = {
    "keys": (
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
        r"|\b(?:sk|pk|rk|xox[abeprs])[-_][A-Za-z0-9_-]{16,}"
        r"|\b(?:ghp|gho|ghu|ghs|ghr|github_pat|glpat|hf|npm|dop_v1)[-_][A-Za-z0-9_-]{16,}"
        r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{30,}"
        r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
        r"|(?i:\bbearer\s+)[A-Za-z0-9._~+/=-]{16,}"
        r"""|(?i:\b(?:api[_-]?key|secret|password|access[_-]?token)\\?["']?\s*[:=]\s*\\?["']?)[^\s"'\\,;}]{8,}"""
    ),
    "emails": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
    # by the first digits that Visa, Mastercard, American Express, Diners, Discover and JCB give out
    "cards": (
        r"\b(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6(?:011|5\d{2})|35\d{2})(?:[ -]?\d{4}){3}\b"
        r"|\b3[47]\d{2}[ -]?\d{6}[ -]?\d{5}\b|\b3(?:0[0-5]|[68]\d)\d[ -]?\d{6}[ -]?\d{4}\b"
    ),
    "phones": r"\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d(?:[ .-]?\d){6,12}\b|\(\d{3}\) ?\d{3}-\d{4}\b",
}
"""Patterns (RE2) by what they find. They work on JSON text too, where quotes stand behind a backslash."""

CONTENT_KEYS = (
    r"^(?:gen_ai\.(?:tool\.call\.(?:arguments|result)|input\.messages|output\.messages|system_instructions"
    r"|tool\.definitions|retrieval\.(?:documents|query\.text)|prompt|completion|content\.(?:prompt|completion)"
    r"|(?:prompt|completion)\.\d+\..*|prompt\.variable\..*|evaluation\.explanation|tool\.message|event\.content)"
    r"|(?:input|output)\.value|llm\.(?:input_messages|output_messages|prompts|choices|tools|function_call"
    r"|prompt_template\.(?:template|variables))(?:\..*)?|message\..*|tool_call\..*|tool\.(?:parameters|json_schema)"
    r"|(?:retrieval|embedding|reranker)\..*(?:content|text|vector|query)"
    r"|traceloop\.(?:entity\.(?:input|output)|prompt\.(?:template|template_variables\..*))"
    r"|ai\.(?:prompt|toolCall\.(?:args|input|result|output)|value|values|embedding|embeddings|schema)(?:\..*)?"
    r"|ai\.(?:response|result)\.(?:text|object|toolCalls|reasoning|files)"
    r"|langfuse\.(?:observation|trace)\.(?:input|output)|mlflow\.span(?:Inputs|Outputs)"
    r"|pydantic_ai\.all_messages|all_messages_events|final_result|tool_(?:arguments|response)|events"
    r"|(?:request|response)_data|prompt|completion|content|user_prompt|new_context|user_system_prompt"
    r"|llm\.(?:request|response))$"
)
"""Attributes of spans and their events that hold what was said; with content off they are left out."""

LONGEST_VALUE = 1000
"""... as is any other value of more bytes than this, for not every instrumentation is known."""

SKETCHED_WORDS, SKETCHED_BYTES = 48, 2000
"""So much of a user's message goes into its sketch: with pairs of words, about a third of 256 buckets when long."""


@dataclass(frozen=True)
class Rendering:
    """What the templates of the views may use as `content`; all texts are SQL literals, quoted."""

    stored: bool
    keyed: bool
    key: tuple[int, int]
    """The halves of the key, for messages. Tools and system instructions add 1 and 2 to the second: a text is another
    thing in another place."""
    max_bytes: int
    any_mask: str
    """One pattern that finds whatever a mask finds. Empty: nothing is masked."""
    masks: tuple[tuple[str, str], ...]
    """(pattern, what is put in its place)."""
    content_keys: str
    longest_value: int
    sketched_words: int
    """Words of a user's message that go into its sketch; 0: no sketches."""
    sketched_bytes: int
    sketch_scheme: int
    """Which sketches can be compared: 1 without a key, else a number from 2 to 255 that goes with the key."""


def rendering(settings: Settings) -> Rendering:
    """What `settings` say about content; makes the file of the key when it is needed for the first time."""
    masks = _masks(settings)
    return Rendering(
        stored=settings.content == "on",
        keyed=settings.content_keyed,
        key=_key(settings) if settings.content_keyed else (0, 0),
        max_bytes=settings.content_max_bytes,
        any_mask=sql.literal("|".join(f"(?:{pattern})" for _, pattern in masks)) if masks else "",
        masks=tuple((sql.literal(pattern), sql.literal(f"[masked:{name}]")) for name, pattern in masks),
        content_keys=sql.literal(CONTENT_KEYS),
        longest_value=LONGEST_VALUE,
        sketched_words=SKETCHED_WORDS if _sketched(settings) else 0,
        sketched_bytes=SKETCHED_BYTES,
        sketch_scheme=2 + _digest(settings)[16] % 254 if settings.content_keyed else 1,
    )


def check_patterns(engine: Engine, settings: Settings) -> None:
    """BadSetting when the engine cannot use a pattern of the settings, or finds it in an empty text."""
    name = variable("content_mask_patterns")
    for pattern in settings.content_mask_patterns:
        try:
            [[matches_empty]] = engine.rows(sql.read(TRY_PATTERN), {"pattern": pattern})
        except QueryFailed as error:
            raise BadSetting(
                f"{name}: the engine can't use the pattern {pattern!r}. It takes RE2 patterns, which have neither "
                "look-ahead nor back-references."
            ) from error
        if matches_empty:
            raise BadSetting(f"{name}: the pattern {pattern!r} matches an empty text, so it would be found everywhere.")


def conversation(engine: Engine, trace_id: str, span_id: str) -> list[list[object]]:
    """The blocks of a span in order: (part, position, hash, role, size, tokens before it, text).

    Part is tools, system, input or output. Text is None where it was never stored or has been deleted.
    """
    return engine.rows(sql.read(CONVERSATION), {"trace_id": trace_id.lower(), "span_id": span_id.lower()})


def first_difference(engine: Engine, earlier: tuple[str, str], later: tuple[str, str]) -> list[object] | None:
    """Where the prefix of `later` leaves that of `earlier`, both as (trace id, span id); None if one is not there.

    (block, position, tokens in common): block is tools, system, message, or '' where neither differs within the
    shorter one; position counts messages from 1 and is 0 before them.
    """
    names = ("earlier_trace", "earlier_span", "later_trace", "later_span")
    values = dict(zip(names, (*earlier, *later), strict=True))
    rows = engine.rows(sql.read(FIRST_DIFFERENCE), values)
    return rows[0] if rows else None


def _masks(settings: Settings) -> list[tuple[str, str]]:
    """(name, pattern) in the order in which they are applied."""
    own = [("own", pattern) for pattern in settings.content_mask_patterns]
    return [(name, MASKS[name]) for name in MASKS if name in settings.content_masks] + own


def _sketched(settings: Settings) -> bool:
    """With content off, a sketch is made only when it is asked for: it is far less than a text, but not nothing."""
    return settings.drift_sketches == "always" or (settings.drift_sketches == "on" and settings.content == "on")


def _key(settings: Settings) -> tuple[int, int]:
    digest = _digest(settings)
    first, second = (int.from_bytes(digest[at : at + 8], "little") for at in (0, 8))
    return first | TOP_BIT, (second | TOP_BIT) & ~3


def _digest(settings: Settings) -> bytes:
    secret = settings.content_secret.get_secret_value() or _secret_file(settings.data_dir / KEY_FILE)
    return hashlib.sha256(f"spanledger content {secret}".encode()).digest()


def _secret_file(path: Path) -> str:
    """The secret of this data directory, made when it is not there. Only its owner may read it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = path.read_text().strip()
        if len(secret) < SECRET_BYTES:
            raise BadSetting(
                f"The key of the hashes in {path} is damaged. Put it back from a backup, or remove the file: "
                "a new one is made, and hashes from before will not equal those from now on."
            ) from None
        return secret
    except OSError as error:
        raise BadSetting(f"The key of the hashes can't be kept in {path}: {error.strerror}.") from error
    secret = secrets.token_hex(SECRET_BYTES)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    return secret
