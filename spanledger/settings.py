"""Settings: declared once here, read from the environment or a TOML file, frozen, listed in docs/settings.md.

Environment variables (`SPANLEDGER_<NAME>`) win over the TOML file. Only `spanledger.cli` calls `load()`;
everything else is handed a `Settings`.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from spanledger.alert_settings import AlertSettings
from spanledger.errors import BadSetting
from spanledger.job_settings import JobSettings

PREFIX = "SPANLEDGER_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
DEFAULT_CONFIG = Path("spanledger.toml")
MIB = 1024 * 1024
KEYS_FILE = "keys.json"
"""Hashes of the keys that were made, in the data directory."""


def _split_list(value: object) -> object:
    """A comma-separated string as a tuple of its trimmed, non-empty parts."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _split_lines(value: object) -> object:
    """A string as a tuple of its non-empty lines."""
    return tuple(line for line in value.splitlines() if line.strip()) if isinstance(value, str) else value


Port = Annotated[int, Field(ge=0, le=65535)]
Days = Annotated[int, Field(ge=0, le=36_500)]
LineList = Annotated[tuple[str, ...], BeforeValidator(_split_lines)]
TextList = Annotated[tuple[str, ...], BeforeValidator(_split_list)]
MaskList = Annotated[tuple[Literal["keys", "emails", "cards", "phones"], ...], BeforeValidator(_split_list)]
SecretList = Annotated[tuple[SecretStr, ...], BeforeValidator(_split_list)]
NAME_PATTERN = r"^[\w.:/-]*$"
"""Names that are put into the views' text as literals: no quote, no backslash."""
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=100)]
NameList = Annotated[tuple[Name, ...], BeforeValidator(_split_list)]


class Settings(AlertSettings, JobSettings):
    """All settings with their types, defaults and meaning. Port 0 asks the system for a free one."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    data_dir: Path = Field(Path("data"), description="Where the spool and the embedded engine keep their files.")
    clickhouse_url: SecretStr = Field(
        SecretStr(""),
        description="`http://user:password@host:8123/database` of a ClickHouse server. Empty: the embedded engine.",
    )
    host: str = Field(
        "127.0.0.1", description="Address that all ports listen on. Anything but loopback needs keys (docs/keys.md)."
    )
    otlp_grpc_port: Port = Field(4317, description="Port of OTLP/gRPC.")
    otlp_http_port: Port = Field(4318, description="Port of OTLP/HTTP.")
    http_port: Port = Field(8420, description="Port of the pages and the API.")
    api_keys: SecretList = Field(
        (),
        description="Keys of the role admin, comma-separated, beside those that `spanledger keys create` makes. With "
        "any key, every OTLP and API request must carry one.",
    )
    api_requests_per_minute: int = Field(
        1200, ge=0, description="Requests to API and pages that one key may make in a minute. 0: any number."
    )
    cors_origins: TextList = Field(
        (), description="Origins whose browsers may send OTLP/HTTP, comma-separated; `*` for any. Empty: none."
    )
    max_body_bytes: int = Field(
        20 * MIB, ge=1024, le=1024 * MIB, description="Largest OTLP body in bytes, after decompression."
    )
    max_inflight_bytes: int = Field(
        256 * MIB, ge=MIB, description="Bytes of bodies in work at once; beyond it clients are asked to wait."
    )
    spool_max_bytes: int = Field(
        4096 * MIB, ge=MIB, description="Bound of the spool in bytes; when it is full, clients are asked to wait."
    )
    segment_bytes: int = Field(
        48 * MIB, ge=4096, le=256 * MIB, description="A segment of the spool, and so an insert, is closed at this size."
    )
    seal_after_seconds: float = Field(
        1.0, gt=0, le=60, description="... or when its first request is this old. Spans can be queried soon after."
    )
    resend_window_seconds: int = Field(
        900, ge=0, description="A request with the same bytes within this time is stored once. 0: off."
    )
    spans_retention_days: Days = Field(0, description="Spans of days older than this are dropped. 0: kept for ever.")
    events_retention_days: Days = Field(0, description="The same for `events` (OTLP logs).")
    metric_points_retention_days: Days = Field(0, description="The same for `metric_points`.")
    findings_retention_days: Days = Field(0, description="The same for findings, and for runs of jobs by whole months.")
    alerts_retention_days: Days = Field(
        0, description="The same for the history of alerts, their messages and cards; at least 31 days are kept."
    )
    content: str = Field(
        "on",
        pattern="^(on|off)$",
        description="`off`: no text of prompts, answers, tools' arguments and results is stored, only keyed hashes.",
    )
    content_max_bytes: int = Field(
        0, ge=0, description="A message longer than this many bytes is cut before it is stored. 0: never."
    )
    content_masks: MaskList = Field(
        (), description="What is masked before it is stored, comma-separated: `keys`, `emails`, `cards`, `phones`."
    )
    content_mask_patterns: LineList = Field(
        (), description="Own patterns (RE2) to be masked, one a line (in the TOML file a list)."
    )
    content_secret: SecretStr = Field(
        SecretStr(""),
        description="Key of the hashes when content is off, cut or masked. Empty: made once, in `content.key` of the "
        "data directory. With a server it must be set, the same for every process.",
    )
    settle_after_seconds: float = Field(
        60, gt=0, description="A trace with no new span for this long is settled into one row."
    )
    energy_factor_set: Name = Field(
        "ecologits-0.11.3",
        description="Factor set of modelled energy (`spanledger energy sets`). `self-hosted`: only your own rows.",
    )
    energy_pue: float = Field(
        0, ge=0, le=10, description="Overhead of the data centre (PUE) of modelled energy. 0: what the factor row says."
    )
    energy_default_place: Name = Field(
        "",
        description="Region or zone assumed for calls that name none. Empty: the provider's default, then the world.",
    )
    energy_local_providers: NameList = Field(
        (),
        description="Providers that run beside the calling service, whose region counts then, e.g. `ollama,vllm`.",
    )
    settle_at_most_seconds: float = Field(
        3600, gt=0, description="A trace that is never quiet is settled whenever it has been open for another so long."
    )
    settle_every_seconds: float = Field(5, gt=0, le=3600, description="Pause between two steps of settling.")
    outcome_evaluations: str = Field(
        "task_outcome,task_completion,task_success,resolution,goal_accuracy",
        description="Names of the evaluation events that say how a task ended, comma-separated.",
    )
    attributes_tenant: TextList = Field(
        (),
        description="Your own attributes, of span or resource, that hold the tenant; they win over all others.",
    )
    attributes_user: TextList = Field((), description="The same for `user_id`.")
    attributes_session: TextList = Field((), description="The same for `session_id`.")
    attributes_task: TextList = Field((), description="The same for `task_id`.")
    attributes_task_outcome: TextList = Field((), description="The same for `task_outcome`.")
    attributes_feature: TextList = Field((), description="The same for `feature`.")
    attributes_purpose: TextList = Field((), description="The same for `purpose`.")
    attributes_prompt_name: TextList = Field((), description="The same for `prompt_name`.")
    attributes_prompt_version: TextList = Field((), description="The same for `prompt_version`.")
    attributes_energy_kwh: TextList = Field((), description="The same for the energy measured for a span, in kWh.")
    query_max_seconds: float = Field(30, gt=0, description="Longest run of one query of the API.")
    query_max_memory_bytes: int = Field(1024 * MIB, ge=16 * MIB, description="Memory of one query of the API.")
    query_max_rows: int = Field(100_000, ge=1, description="Rows in one answer of the query API.")
    query_max_rows_read: int = Field(2_000_000_000, ge=1, description="Rows that one query of the API may read.")
    engine_max_memory_bytes: int = Field(
        1200 * MIB, ge=256 * MIB, description="Memory that the embedded engine may take for all its work."
    )
    engine_threads: int = Field(2, ge=1, le=256, description="Threads of one query and of background merges.")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="How much is logged to stderr.")

    @property
    def embedded(self) -> bool:
        """True when the engine is chDB in this process, not a server."""
        return not self.clickhouse_url.get_secret_value()

    @property
    def content_keyed(self) -> bool:
        """True when text is kept back, so that its hashes must not tell it to who can guess it."""
        return self.content == "off" or bool(self.content_max_bytes or self.content_masks or self.content_mask_patterns)

    def checked(self) -> Settings:
        """These settings, or BadSetting where two of them contradict each other."""
        if not self.api_keys and not _is_loopback(self.host) and not (self.data_dir / KEYS_FILE).exists():
            raise BadSetting(
                f"SPANLEDGER_HOST is {self.host!r}, which others can reach, and SPANLEDGER_API_KEYS is empty. "
                "Set keys, make one with `SPANLEDGER_HOST=127.0.0.1 spanledger keys create`, or listen on 127.0.0.1."
            )
        if self.segment_bytes > self.spool_max_bytes:
            raise BadSetting("SPANLEDGER_SEGMENT_BYTES is larger than SPANLEDGER_SPOOL_MAX_BYTES; lower it.")
        if self.content_keyed and not self.embedded and not self.content_secret.get_secret_value():
            raise BadSetting(
                "SPANLEDGER_CONTENT_SECRET is empty. When content is off, cut or masked and the engine is a server, "
                "its processes must share one secret; set it to a long random text and keep it."
            )
        return self


def variable(name: str) -> str:
    """The environment variable of a setting's name."""
    return f"{PREFIX}{name.upper()}"


def source(settings: Settings, name: str, environ: Mapping[str, str] = os.environ) -> str:
    """Where the value of a setting comes from: `environment`, `settings file` or `default`."""
    if variable(name) in environ:
        return "environment"
    return "settings file" if name in settings.model_fields_set else "default"


def secret(name: str) -> bool:
    """True for a setting whose value must not be shown."""
    return "SecretStr" in str(Settings.model_fields[name].annotation)


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `environ` over the TOML file it names (or ./spanledger.toml); BadSetting names what is wrong."""
    values: dict[str, Any] = dict(_from_file(environ))
    for key, value in environ.items():
        if key.startswith(PREFIX) and key != CONFIG_VARIABLE:
            name = key.removeprefix(PREFIX).lower()
            _known(name, key)
            values[name] = value
    try:
        return Settings(**values).checked()
    except ValidationError as error:
        raise BadSetting(_sentence(error)) from error


def _from_file(environ: Mapping[str, str]) -> dict[str, Any]:
    named = environ.get(CONFIG_VARIABLE)
    path = Path(named) if named else DEFAULT_CONFIG
    if not named and not path.exists():
        return {}
    try:
        values = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSetting(f"The settings file {path} can't be read: {error}") from error
    for name in values:
        _known(name, f"{name} (in {path})")
    return values


def _known(name: str, as_written: str) -> None:
    if name in Settings.model_fields:
        return
    near = difflib.get_close_matches(name, Settings.model_fields, n=1)
    hint = f" Did you mean {variable(near[0])}?" if near else " docs/settings.md lists them all."
    raise BadSetting(f"{as_written} is not a setting.{hint}")


def _sentence(error: ValidationError) -> str:
    """The first failure in plain words, without values of secrets."""
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0])
    given = "" if secret(name) else f" (got {first['input']!r})"
    return f"{variable(name)}: {first['msg']}{given}."


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
