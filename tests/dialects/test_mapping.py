"""The data and what may go wrong in it; the users' own names; what holds of any span."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from spanledger.cli import explain_mapping as command
from spanledger.cli.explain_mapping import explained
from spanledger.engine import Engine
from spanledger.errors import BadMapping, BadRequest
from spanledger.mapping.model import FOLDER, load
from spanledger.mapping.numbers import VARIANTS, Numbers
from spanledger.mapping.render import fragments, numbers
from spanledger.settings import Settings
from spanledger.views import apply_views
from tests.dialects.emissions import FILES, one, recognise, recognise_file, request, several  # fmt: skip
from tests.dialects.emissions import FOLDER as EMISSIONS

CALL = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
INPUT, OUTPUT, TOTAL = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.total_tokens"
READ, WRITE = "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_write.input_tokens"


@pytest.mark.parametrize(
    ("file", "row", "says"),
    [
        ("openlit.toml", "[own]\nnonsense = ['a']", "'nonsense' is not a column"),
        ("openlit.toml", "[operations]\na = 'singing'", "'singing' is not an operation"),
        ("openlit.toml", "[own]\ntenant = ['a']\nuser_id = ['a']", "a fills two columns"),
        ("openlit.toml", "unheard = 1", "unheard"),
        ("openlit.toml", "= 1", "can't be read"),
    ],
)
def test_a_wrong_row_stops_the_start(tmp_path: Path, file: str, row: str, says: str) -> None:
    folder = tmp_path / "mapping"
    shutil.copytree(FOLDER, folder)
    path = folder / "dialects" / file
    path.write_text(path.read_text() + "\n" + row + "\n" if row[0] == "[" else row + "\n" + path.read_text())
    with pytest.raises(BadMapping, match=says):
        load(folder)


def test_numbers_fit(engine: Engine) -> None:
    found: Numbers = numbers()
    assert max(found.ids.values()) < VARIANTS
    assert len(set(found.ids.values())) == len(found.ids)
    (names,) = engine.rows("SELECT arrayMap(x -> x.1, [('a', 1)])")
    assert names
    (enum,) = engine.rows("SELECT type FROM system.columns WHERE table = 'spans' AND name = 'operation' LIMIT 1")
    assert all(f"'{name}'" in enum[0] for name in found.mapping.values.operations)


@given(st.data())
@hypothesis_settings(max_examples=6, deadline=None)
def test_the_order_of_attributes_changes_nothing(recognised: Engine, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FILES))
    shuffled = request(name)
    for whole in shuffled.resource_spans:
        for part in whole.scope_spans:
            for item in part.spans:
                attributes = data.draw(st.permutations(list(item.attributes)))
                del item.attributes[:]
                item.attributes.extend(attributes)
    own = {"span_id", "parent_span_id", "ingested_at"}
    for left, right in zip(recognise_file(recognised, name), recognise(recognised, shuffled), strict=True):
        assert {key: value for key, value in left.items() if key not in own} == {
            key: value for key, value in right.items() if key not in own
        }


counts = st.integers(0, 20_000)


@given(st.lists(st.tuples(counts, counts, counts, counts), min_size=30, max_size=60))
@hypothesis_settings(max_examples=4, deadline=None)
def test_input_is_never_less_than_its_parts(recognised: Engine, cases: list[tuple[int, int, int, int]]) -> None:
    spans = [CALL | {INPUT: a, READ: b, WRITE: c, OUTPUT: d} for a, b, c, d in cases]
    for (said, read, written, out), row in zip(cases, several(recognised, spans), strict=True):
        assert row["raw_input_tokens"] == said
        assert row["input_tokens"] == (said if read + written <= said else said + read + written)
        assert ("cached_over_input" in row["flags"]) == (read + written > said)
        assert row["output_tokens"] == out


def test_an_unknown_emitter_is_read_by_arithmetic(recognised: Engine) -> None:
    parts = {READ: 30, WRITE: 20, OUTPUT: 10}
    anthropic = CALL | parts | {"gen_ai.provider.name": "anthropic"}
    rows = several(
        recognised,
        [
            CALL | parts | {INPUT: 40},  # more cached than input
            anthropic | {INPUT: 100, TOTAL: 160},  # the total is the sum of all parts
            anthropic | {INPUT: 100, TOTAL: 110},  # proves nothing
            anthropic | {INPUT: 100, READ: 0, WRITE: 0},
            CALL | parts | {INPUT: 100, "gen_ai.provider.name": "openai"},
        ],
    )
    assert [row["token_semantics"] for row in rows] == [
        "exclusive_inferred", "exclusive_inferred", "unknown", "inclusive_inferred", "inclusive_inferred",
    ]  # fmt: skip
    assert [row["input_tokens"] for row in rows] == [90, 150, 100, 100, 100]
    assert [("input_mended" in row["flags"], "cached_over_input" in row["flags"]) for row in rows][:3] == [
        (True, True), (True, False), (False, False),
    ]  # fmt: skip


ENERGY = {
    "gen_ai.energy.kwh": 0.25,
    "energy.kwh": 0.25,
    "llm.energy.kwh": "0.25",
    "llmobs.energy.kwh": 0.25,
    "gen_ai.usage.energy_joules": 900_000,
    "energy.joules": 900_000.0,
    "gen_ai.infrastructure.energy.joules_total": 900_000,
}


def test_measured_energy(recognised: Engine) -> None:
    rows = several(recognised, [CALL | {key: value} for key, value in ENERGY.items()])
    assert [(row["energy_kwh"], row["energy_source"]) for row in rows] == [(0.25, "measured")] * len(ENERGY)
    wrong = several(recognised, [CALL | {"energy.kwh": value} for value in ("much", -1.0, float("inf"))])
    assert [(row["energy_kwh"], row["energy_source"]) for row in wrong] == [(None, "none")] * 3


REGIONS: list[tuple[dict[str, Any], str]] = [
    ({"server.address": "bedrock-runtime.us-east-1.amazonaws.com"}, "us-east-1"),
    ({"server.address": "bedrock-runtime.us-gov-west-1.amazonaws.com"}, "us-gov-west-1"),
    ({"server.address": "us-central1-aiplatform.googleapis.com"}, "us-central1"),
    ({"server.address": "https://europe-west4-aiplatform.googleapis.com/v1"}, "europe-west4"),
    ({"server.address": "westeurope.api.cognitive.microsoft.com"}, "westeurope"),
    ({"server.address": "52.94.133.131"}, ""),
    ({"server.address": "api.openai.com"}, ""),
    (
        {"gen_ai.provider.region": "eu-west-1", "server.address": "bedrock-runtime.us-east-1.amazonaws.com"},
        "eu-west-1",
    ),
    ({"aws.region": "ap-south-1"}, "ap-south-1"),
]


def test_the_region_of_the_provider(recognised: Engine) -> None:
    rows = several(recognised, [CALL | attributes for attributes, _ in REGIONS])
    assert [row["provider_region"] for row in rows] == [region for _, region in REGIONS]


PROVIDERS = {
    "az.ai.openai": "azure.ai.openai",
    "Anthropic": "anthropic",
    "openai.responses": "openai",
    "amazon-bedrock": "aws.bedrock",
    "google.generative-ai": "gcp.gemini",
    "google.vertex.chat": "gcp.vertex_ai",
    "xai": "x_ai",
    "mistralai": "mistral_ai",
    "somebody.new": "somebody.new",
}


def test_names_of_providers(recognised: Engine) -> None:
    rows = several(recognised, [CALL | {"gen_ai.system": name} for name in PROVIDERS])
    assert [row["provider"] for row in rows] == list(PROVIDERS.values())
    inferred = several(recognised, [CALL | {"gen_ai.request.model": "claude-sonnet-5"}, CALL])
    assert [(row["provider"], "provider_inferred" in row["flags"]) for row in inferred] == [
        ("anthropic", True),
        ("", False),
    ]


def test_a_tool_with_a_price_is_billed_and_one_without_is_not(recognised: Engine) -> None:
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}
    rows = several(recognised, [tool | {"gen_ai.usage.cost": 0.005}, tool, tool | {"gen_ai.usage.cost": 0.0}])
    assert [(row["billable"], row["client_cost_usd"]) for row in rows] == [(True, 0.005), (False, None), (False, 0)]


def test_bare_names_mean_something_to_their_own_dialect_only(recognised: Engine) -> None:
    sent = {"input_tokens": 5, "model": "m", "tool_name": "t", "span.type": "llm_request", "input.value": "x"}
    found = one(recognised, sent, "my.own.scope")
    assert [found[name] for name in ("dialect", "input_tokens", "request_model", "tool_name", "content_input")] == [
        "", None, "", "", "",
    ]  # fmt: skip
    assert set(found["attributes"]) == set(sent)


def test_your_own_names_win(recognised: Engine, settings: Settings) -> None:
    names = {
        "attributes_tenant": "my.customer, my.resource",
        "attributes_user": "it's",
        "attributes_task": "job",
        "attributes_energy_kwh": "watt.hours",
    }
    own = Settings.model_validate(settings.model_dump() | names)
    assert [view.name for view in apply_views(recognised, own)]
    try:
        sent = CALL | {"my.customer": "acme", "tenant.id": "no", "it's": "me", "job": 7, "watt.hours": 0.5}
        found = one(recognised, sent, "", {"my.resource": "res"})
        assert [found[name] for name in ("tenant", "user_id", "task_id", "energy_kwh")] == ["acme", "me", "7", 0.5]
        assert one(recognised, CALL | {"tenant.id": "no"}, "", {"my.resource": "res"})["tenant"] == "res"
        assert one(recognised, CALL | {"tenant.id": "yes"})["tenant"] == "yes"
    finally:
        list(apply_views(recognised, settings))


def test_explain_names_the_rules(engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the tests' engine: the command opens one of its own, which one process can't do twice."""

    class Shared:
        def __getattr__(self, name: str) -> Any:
            return getattr(engine, name)

        def close(self) -> None:
            for kind, name in [("VIEW", "explained_from_mapped"), ("VIEW", "scopes_from_keyed"),
                    ("VIEW", "recognised_to_explained"), ("TABLE", "explained"), ("TABLE", "scopes_explained"),
                    ("TABLE", "recognised_explained")]:  # fmt: skip
                engine.command(f"DROP {kind} IF EXISTS {name} SYNC")

    opened: Callable[..., Any] = lambda *_args, **_named: Shared()  # noqa: E731
    monkeypatch.setattr(command, "open_engine", opened)
    spans = explained(settings, EMISSIONS / "04_vercel_ai_sdk_v5.json")
    call = next(item for item in spans if item.name == "ai.generateText.doGenerate")
    assert call.recognised == "vercel_v5, by scope 'ai'"
    assert call.tokens.startswith("input 14378 = 42 said + 12288 cached + 2048 written; output 118; exclusive by rule")
    rules = {item.column: item.rule for item in call.columns}
    assert rules["tenant"].startswith("vercel: ai.telemetry.metadata.tenant")
    assert rules["raw_input_tokens"].startswith("newest OpenTelemetry name: gen_ai.usage.input_tokens")


def test_explain_says_what_is_wrong_with_a_file(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "no.pb"
    path.write_bytes(b"\xff\xff\xff")
    for file in (path, tmp_path / "absent"):
        with pytest.raises(BadRequest):
            explained(settings, file)


def test_names_are_quoted() -> None:
    own = Settings.model_validate({"attributes_tenant": "a'b\\c"})
    assert "'a\\'b\\\\c'" in fragments(own).chosen("tenant")


def test_two_spans_of_one_request_do_not_mix(recognised: Engine) -> None:
    data = request("01_otel_genai.json")
    for name in ("05_langfuse.json", "08_claude_code.json", "mlflow.json"):
        data.MergeFrom(request(name))
    together = recognise(recognised, TracesData.FromString(data.SerializeToString()))
    apart = [row for name in ("01_otel_genai.json", "05_langfuse.json", "08_claude_code.json", "mlflow.json")
        for row in recognise_file(recognised, name)]  # fmt: skip
    drop = {"span_id", "parent_span_id", "ingested_at"}
    assert [json.dumps({k: v for k, v in row.items() if k not in drop}) for row in together] == [
        json.dumps({k: v for k, v in row.items() if k not in drop}) for row in apart
    ]
