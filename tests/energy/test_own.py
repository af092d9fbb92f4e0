"""Rows of one's own, every set side by side, computing anew, and what explains a figure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from spanledger import sql
from spanledger.answers import Answer
from spanledger.energy import ecologits
from spanledger.energy.factors import Bounds, Factors
from spanledger.energy.load import insert_rows, load, reload
from spanledger.energy.own import import_csv
from spanledger.energy.reports import by_set, explain
from spanledger.energy.statements import assignments
from spanledger.engine import Engine
from spanledger.errors import BadRequest, BadSetting
from spanledger.settings import Settings
from spanledger.upgrade import upgrade
from tests.energy.spans import call, read, store

OWN = """model,provider,valid_from,joules_out,joules_in,uncertainty,pue,batch,embodied_g_out,source
# measured on two H100
house-70b,,2026-01-01,3.6,0.36,0.1,1.2,0.5,0.001,DCGM January
house-70b,,2026-09-01,1.8,0.18,0.1,1.2,0.5,0.001,DCGM September
house-70b,vllm,2026-01-01,7.2,0,0,1,1,0,one box
gpt-4.1-nano,,,36,0,0,1,1,0,we host it
house-embed,,,0,0.036,0,1,1,0,embeddings
"""
GRID = """zone,basis,valid_from,g_per_kwh,year,source
us-east-1,market,,12.5,2026,PPA certificate
eu-north-1,location,2026-08-01,7,2026,grid operator
"""


@pytest.fixture(scope="module")
def own(engine: Engine) -> Iterator[None]:
    """Own rows for this module's tests only."""
    assert import_csv(engine, OWN).factors == 5
    assert import_csv(engine, GRID).intensities == 2
    yield
    engine.command("ALTER TABLE energy_factors DELETE WHERE factor_set = 'self-hosted' SETTINGS mutations_sync = 2")
    engine.command("ALTER TABLE grid_intensity DELETE WHERE own SETTINGS mutations_sync = 2")
    reload(engine)


def house(**columns: Any) -> dict[str, Any]:
    return call(request_model="house-70b", provider="house") | columns


@pytest.mark.usefixtures("own")
def test_own_rows_hold_from_their_day_and_older_ones_stay(engine: Engine) -> None:
    before, january, september = store(
        engine,
        house(started_at="2025-12-31 23:59:59"),
        house(started_at="2026-08-31 23:59:59"),
        house(started_at="2026-09-01 00:00:00"),
    )
    assert (before["energy_kwh"], before["energy_source"]) == (None, "none")
    kwh = 1.2 * (300 * 3.6 + 1000 * 0.36) / 3.6e6
    assert january["energy_kwh"] == pytest.approx(kwh)
    assert (january["energy_kwh_low"], january["energy_kwh_high"]) == pytest.approx((0.9 * kwh, 1.1 * kwh))
    assert january["co2e_g"] == pytest.approx(kwh * 458.29 + 300 * 0.001)
    assert january["energy_factors"] == "self-hosted 2026-01-01"
    assert september["energy_kwh"] == pytest.approx(kwh / 2)


@pytest.mark.usefixtures("own")
def test_cached_tokens_cost_a_tenth_between_nothing_and_all(engine: Engine) -> None:
    [span] = store(engine, house(cached_input_tokens=800))
    joules = [(300 * 1.8 * share + tokens * 0.18 * share) for tokens, share in ((200, 0.9), (280, 1), (1000, 1.1))]
    assert [span[f"energy_kwh{end}"] for end in ("_low", "", "_high")] == pytest.approx(
        [1.2 * one / 3.6e6 for one in joules]
    )


@pytest.mark.usefixtures("own")
def test_the_batch_tier_is_stated_by_the_row(engine: Engine) -> None:
    batch, standard = store(engine, house(service_tier="batch"), house(service_tier="default"))
    assert batch["energy_kwh"] == pytest.approx(standard["energy_kwh"] / 2)
    assert batch["energy_factors"] == standard["energy_factors"]


@pytest.mark.usefixtures("own")
def test_a_row_for_one_provider_comes_first_and_own_rows_come_before_the_set(engine: Engine) -> None:
    box, nano, dated, mini = store(
        engine,
        house(provider="vllm"),
        call(request_model="gpt-4.1-nano"),
        call(request_model="gpt-4.1-nano-2025-04-14"),
        call(request_model="gpt-4o-mini", provider="vllm"),
    )
    assert box["energy_kwh"] == pytest.approx(300 * 7.2 / 3.6e6)
    assert nano["energy_kwh"] == pytest.approx(300 * 36 / 3.6e6)
    assert dated["energy_factors"] == "ecologits-0.11.3", "the set names this very version"
    assert mini["energy_factors"] == "ecologits-0.11.3", "other models of that provider are not lost"


@pytest.mark.usefixtures("own")
def test_embeddings_have_no_tokens_out(engine: Engine) -> None:
    [span] = store(engine, call(request_model="house-embed", operation="embeddings", output_tokens=None))
    assert span["energy_kwh"] == pytest.approx(1000 * 0.036 / 3.6e6)


@pytest.mark.usefixtures("own")
def test_own_intensities_hold_from_their_day(engine: Engine) -> None:
    old, new = store(
        engine,
        call(provider_region="eu-north-1", started_at="2026-07-31 00:00:00", energy_kwh=1.0, energy_source="measured"),
        call(provider_region="eu-north-1", started_at="2026-08-01 00:00:00", energy_kwh=1.0, energy_source="measured"),
    )
    assert (old["co2e_g"], new["co2e_g"]) == (40.695, 7)
    assert new["grid"] == "eu-north-1 7 location (2026, grid operator)"


def as_dicts(answer: Answer) -> list[dict[str, Any]]:
    return [dict(zip([name for name, _ in answer.columns], row, strict=True)) for row in answer.rows]


@pytest.mark.usefixtures("own")
def test_every_set_side_by_side(engine: Engine, settings: Settings) -> None:
    day = "2026-10-20 12:00:00"
    spans = store(
        engine,
        *(call(started_at=day, provider_region="us-east-1") for _ in range(3)),
        call(started_at=day, request_model="claude-3-7-sonnet-20250219", provider="anthropic"),
        call(started_at=day, energy_kwh=0.25, energy_source="measured"),
        call(started_at=day, billable=False, usage_role="rollup"),
    )
    answer = by_set(engine, settings, datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 10, 21, tzinfo=UTC))
    sets = {row["factor_set"]: row for row in as_dicts(answer)}
    assert set(sets) == {"ecologits-0.11.3", "jegham-v1", "jegham-v6", "self-hosted"}
    assert {name: (row["calls"], row["calls_known"], row["calls_measured"]) for name, row in sets.items()} == {
        "ecologits-0.11.3": (5, 4, 1),
        "jegham-v1": (5, 5, 1),
        "jegham-v6": (5, 5, 1),
        "self-hosted": (5, 1, 1),
    }
    chosen = sets["ecologits-0.11.3"]
    assert chosen["kwh"] == pytest.approx(sum(span["energy_kwh"] or 0 for span in spans), abs=1e-12)
    assert chosen["co2e_location_g"] == pytest.approx(sum(span["co2e_g"] or 0 for span in spans))
    gpt_4o, sonnet = 1e-3 * (119 * 1000 + 1121 * 300) / 1e6, 1e-3 * (135 * 1000 + 2878 * 300) / 1e6
    assert sets["jegham-v6"]["kwh"] == pytest.approx(3 * gpt_4o + sonnet + 0.25, rel=1e-3)
    assert chosen["kwh_with_market"] == pytest.approx(sum(span["energy_kwh"] for span in spans[:3]))
    made = sum(span["co2e_g"] - span["energy_kwh"] * 244.758 for span in spans[:3])
    assert chosen["co2e_market_g"] == pytest.approx(chosen["kwh_with_market"] * 12.5 + made)


@pytest.mark.usefixtures("own")
def test_a_span_has_both_answers_apart(engine: Engine, settings: Settings) -> None:
    ours, elsewhere, metered = (
        {"provider_region": "us-east-1"}, {"provider_region": "europe-north1"},
        {"provider_region": "us-east-1", "energy_kwh": 0.25, "energy_source": "measured"},
    )  # fmt: skip
    calls = [call(started_at="2026-10-22 12:00:00", **columns) for columns in (ours, elsewhere, metered)]
    store(engine, *calls)
    told = {row["span_id"]: row for row in as_dicts(explain(engine, settings, [each["span_id"] for each in calls]))}
    one, other, measured = (told[each["span_id"]] for each in calls)
    hardware = one["co2e_g"] - one["energy_kwh"] * 244.758
    assert one["co2e_market_g"] == pytest.approx(one["energy_kwh"] * 12.5 + hardware)
    assert (one["market_g_per_kwh"], "PPA certificate" in one["market_grid"]) == (12.5, True)
    assert (other["market_g_per_kwh"], other["co2e_market_g"], other["market_grid"]) == (None, None, "")
    assert other["co2e_g"] > 0
    assert measured["co2e_market_g"] == pytest.approx(0.25 * 12.5)


@pytest.mark.usefixtures("own")
def test_computing_anew_gives_what_an_insert_gives(engine: Engine, settings: Settings) -> None:
    calls = [
        call(),
        call(request_model="claude-3-7-sonnet-20250219", provider="anthropic", cached_input_tokens=500),
        house(service_tier="batch", provider_region="eastus"),
        call(energy_kwh=0.5, energy_source="measured", provider_region="us-east-1"),
        call(billable=False),
        call(request_model="nobody"),
    ]
    other = settings.model_copy(update={"energy_factor_set": "jegham-v6"})
    list(upgrade(engine, other))
    try:
        inserted = store(engine, *calls)
    finally:
        list(upgrade(engine, settings))
    ids = [one["span_id"] for one in calls]
    wrong = (
        "energy_kwh = if(energy_source = 'measured', energy_kwh, 7), energy_kwh_low = 7, energy_kwh_high = NULL, "
        "energy_factors = 'wrong', co2e_g = 7, grid = 'wrong'"
    )
    for update in (wrong, assignments(other)):
        engine.command(f"UPDATE spans SET {update} WHERE span_id IN {{ids:Array(String)}}", {"ids": ids})
    assert read(engine, ids) == inserted
    assert {row["energy_factors"] for row in inserted} == {"", "jegham-v6", "self-hosted 2026-09-01"}


def test_a_figure_is_explained_down_to_its_row(engine: Engine, settings: Settings) -> None:
    one = call(cached_input_tokens=400)
    [span] = store(engine, one)
    [told] = as_dicts(explain(engine, settings, [one["span_id"]]))
    assert told["factor_model"] == "gpt-4o"
    assert told["factor_source"].startswith("EcoLogits 0.11.3: 44–132 of 440")
    assert (told["tokens_out"], told["tokens_fresh"], told["tokens_cached"]) == (300, 600, 400)
    kwh = told["kwh_per_token_out"] * 300 + told["kwh_per_second"] * told["seconds"]
    assert kwh == pytest.approx(span["energy_kwh"])
    assert kwh * told["g_per_kwh"] + told["embodied_g"] == pytest.approx(span["co2e_g"])


BAD = {
    "": "no rows",
    "model,watts\nx,3": "column 'watts'",
    "model,kwh_out\n,3": "Row 1 of the file: it names no model",
    "model,kwh_out\nx,": "it has no energy",
    "model,kwh_out\nx,1\ny,-1": "Row 2 of the file: kwh_out is '-1'",
    "model,gpu_watts\nx,700": "needs tokens_per_second",
    "model,kwh_out,valid_from\nx,1,soon": "Row 1",
    "model,kwh_out,pue\nx,1,0.9": "PUE",
    "zone,g_per_kwh,basis\nFRA,5,both": "basis is 'both'",
    "zone,g_per_kwh\nFRA,": "g_per_kwh",
}


@pytest.mark.parametrize("text", BAD)
def test_a_bad_file_is_refused_as_a_whole(engine: Engine, text: str) -> None:
    with pytest.raises(BadRequest, match=BAD[text]):
        import_csv(engine, text)
    assert engine.rows("SELECT count() FROM energy_factors WHERE model IN ('x', 'y')") == [[0]]


def test_gpu_watts_become_energy_per_token(engine: Engine) -> None:
    import_csv(engine, "model,gpu_watts,gpus,tokens_per_second\nwatts-test,700,8,2800")
    [span] = store(engine, call(request_model="watts-test"))
    assert span["energy_kwh"] == pytest.approx(300 * 2 / 3.6e6)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"energy_factor_set": "ecologits-9"}, "no factor set"), ({"energy_default_place": "moon"}, "neither a region")],
)
def test_a_choice_that_is_not_known_stops_the_start(
    engine: Engine, settings: Settings, change: dict[str, str], sentence: str
) -> None:
    with pytest.raises(BadSetting, match=sentence):
        list(load(engine, settings.model_copy(update=change)))


def test_settings_for_overhead_place_and_local_providers(engine: Engine, settings: Settings) -> None:
    chosen = {"energy_pue": 1.5, "energy_default_place": "SWE", "energy_local_providers": ("ollama", "vllm")}
    list(upgrade(engine, settings.model_copy(update=chosen)))
    try:
        assumed, local = store(engine, call(duration_ns=0), call(duration_ns=0, provider="ollama", region="us-west-2"))
    finally:
        list(upgrade(engine, settings))
    [usual] = store(engine, call(duration_ns=0))
    assert assumed["energy_kwh"] == pytest.approx(usual["energy_kwh"] * 1.5 / 1.2)
    assert assumed["grid"] == "swe 40.695 location (2023, codecarbon 3.3.2), region unknown (assumed)"
    assert local["grid"] == "us-west-2 165.544 location (US-OR 2023, EPA eGRID2023)"


def test_loading_again_adds_nothing(engine: Engine, settings: Settings) -> None:
    assert list(load(engine, settings)) == []


def test_names_of_factors_and_of_spans_are_folded_alike() -> None:
    pattern = re.compile(r"'(\^ft:.*?\$)'")
    migration = pattern.findall((sql.SCHEMA_DIR / "migrations" / "0008_energy.sql").read_text())
    view = pattern.findall((sql.SCHEMA_DIR / "views" / "energy.jinja").read_text())
    assert migration == view
    assert len(view) == 1


ESHOPPEN = """model,kwh_out,embodied_g_out
eshoppen-app,0.023,4.305
eshoppen-db,0.0096,5.112
"""


def test_the_case_study_of_sci(engine: Engine) -> None:
    """Green Software Foundation, case-studies/eshoppen.md.

    Its text also has 0.02394 kWh for the app, and terms of its hardware that make 4.3005 g; its results come from 0.023
    and 4.305.
    """
    import_csv(engine, ESHOPPEN)
    import_csv(engine, "zone,g_per_kwh\neshoppen,951")
    app, database = store(
        engine,
        *(
            call(request_model=f"eshoppen-{part}", output_tokens=1, provider_region="eshoppen")
            for part in ("app", "db")
        ),
    )
    assert app["co2e_g"] == pytest.approx(26.178, rel=2.4e-10)
    assert database["co2e_g"] == pytest.approx(14.2416, rel=2.4e-10)
    assert app["co2e_g"] + database["co2e_g"] == pytest.approx(40.4196, rel=2.4e-10)
    misprinted = 0.02394 * 951 + 4.305
    assert misprinted == pytest.approx(27.07, abs=0.005)
    hardware = 1205.52 / 35040 * 2 / 16 * 1000
    assert hardware == pytest.approx(4.3005, abs=5e-4)


def test_hardware_is_shared_out_by_time(engine: Engine) -> None:
    """SCI's own example: 1,000 kg over four years is 28.54 g for an hour."""
    second = 1_000_000 / (4 * 365 * 24 * 3600)
    row = Factors("self-hosted", "sci-hour", "SCI SPEC.md", request=Bounds.exact(1.0), seconds_request=3600.0)
    insert_rows(engine, "energy_factors", [replace(row, embodied_second=second).row()])
    reload(engine)
    [span] = store(engine, call(request_model="sci-hour", provider="nobody", energy_kwh=None))
    assert span["co2e_g"] - span["energy_kwh"] * 458.29 == pytest.approx(28.54, abs=0.005)


def test_mistrals_own_life_cycle_figure_is_of_the_same_order(engine: Engine) -> None:
    """1.14 g for 400 tokens of Mistral Large 2 (123 billion); the formula has 0.2: within ten times."""
    size = ecologits.Size(123, 123)
    row = replace(ecologits.factors("lca-123b", size, size, Bounds.exact(1.2)), factor_set="self-hosted")
    insert_rows(engine, "energy_factors", [row.row()])
    reload(engine)
    [span] = store(engine, call(request_model="lca-123b", provider="nobody", output_tokens=400))
    assert span["energy_kwh"] == pytest.approx(3.659064e-04, rel=1e-6)
    assert span["co2e_g"] == pytest.approx(0.1676912 + 0.03200362, rel=1e-6)
    assert 1.14 / 10 < span["co2e_g"] < 1.14 * 10
