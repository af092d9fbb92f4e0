"""The two published factor sets: our formula and our fit give the published figures."""

from __future__ import annotations

import pytest

from spanledger.energy import ecologits, jegham
from spanledger.energy.ecologits import Size
from spanledger.energy.factors import DATA, Bounds, Factors, read_rows

WORLD = 0.45829

GOLDEN = [
    # parameters, tokens out, kWh, kg CO2e of use, kg CO2e of hardware: EcoLogits 0.11.3, PUE 1.2, no measured speed
    (8, 400, 3.566103e-05, 1.634310e-05, 2.920923e-06),
    (70, 1000, 6.575290e-04, 3.013390e-04, 5.659695e-05),
    (123, 400, 3.659064e-04, 1.676912e-04, 3.200362e-05),
]


@pytest.mark.parametrize(("billions", "tokens", "kwh", "used_kg", "made_kg"), GOLDEN)
def test_the_formula_of_ecologits(billions: float, tokens: int, kwh: float, used_kg: float, made_kg: float) -> None:
    size = Size(billions, billions)
    row = ecologits.factors("golden", size, size, Bounds.exact(1.2))
    energy = 1.2 * tokens * (row.out.mid + row.second.mid * row.seconds_out)
    made = row.embodied_second * row.seconds_out * tokens / 1000
    assert (f"{energy:.6e}", f"{energy * WORLD:.6e}", f"{made:.6e}") == tuple(
        f"{value:.6e}" for value in (kwh, used_kg, made_kg)
    )


def test_seventy_billion_parameters_need_four_gpus() -> None:
    assert [Size(total, total).gpus for total in (8, 33, 34, 70, 123, 405)] == [1, 1, 2, 4, 4, 16]


def test_a_small_model_lies_in_the_range_that_ml_energy_measured() -> None:
    joules = Size(8, 8).kwh_out * 3.6e6
    assert 0.12 < joules < 0.20


def per_million(row: Factors) -> tuple[int, int]:
    """Wh per million tokens in and out, overhead included."""
    return round(row.fresh.mid * row.pue.mid * 1e9), round(row.out.mid * row.pue.mid * 1e9)


FITS = {
    ("jegham-v6", "gpt-4o"): (119, 1121),
    ("jegham-v6", "claude-3-7-sonnet"): (135, 2878),
    ("jegham-v6", "o3"): (543, 4531),
    ("jegham-v6", "gpt-4.1-nano"): (0, 562),
    ("jegham-v1", "gpt-4o"): (0, 1204),
    ("jegham-v1", "deepseek-reasoner"): (0, 25927),
}


@pytest.mark.parametrize(("version", "model"), FITS)
def test_the_fit_of_jegham(version: str, model: str) -> None:
    row = next(row for row in jegham.shipped(version) if row.model == model)
    assert per_million(row) == FITS[version, model]


def test_plain_least_squares_would_give_input_a_negative_energy() -> None:
    """Where the fit stands on an edge, a step inwards is worse."""
    wh = (0.207, 0.575, 0.827)
    fresh, out = jegham.fit(wh)
    assert fresh == 0

    def missed(a: float, b: float) -> float:
        return sum((a * x + b * y - z) ** 2 for (x, y), z in zip(jegham.SHAPES, wh, strict=True))

    assert missed(-6e-6, 600e-6) < missed(fresh, out) < missed(1e-6, out)


@pytest.mark.parametrize("version", jegham.VERSIONS)
def test_low_and_high_hold_what_was_published(version: str) -> None:
    published = {
        name: [float(row[column]) for column in jegham.COLUMNS]
        for row in read_rows(DATA / f"{version}.csv")
        for name in row["models"].split()
    }
    for row in jegham.shipped(version):
        for (fresh, out), wh in zip(jegham.SHAPES, published[row.model], strict=True):
            low, high = (
                row.pue.mid * 1000 * (fresh * getattr(row.fresh, end) + out * getattr(row.out, end))
                for end in ("low", "high")
            )
            assert low * (1 - 1e-9) <= wh <= high * (1 + 1e-9)


@pytest.mark.parametrize("rows", [ecologits.shipped(), *(jegham.shipped(version) for version in jegham.VERSIONS)])
def test_every_figure_is_in_order(rows: list[Factors]) -> None:
    assert rows
    for row in rows:
        for bounds in (row.out, row.fresh, row.cached, row.request, row.second, row.pue):
            assert 0 <= bounds.low <= bounds.mid <= bounds.high
        assert row.pue.low >= 1
        assert row.source


def test_our_models_give_what_the_package_gives() -> None:
    """Against EcoLogits itself, where it is installed: every model that we ship."""
    utils = pytest.importorskip("ecologits.tracers.utils")
    family = {"google": "google_genai", "mistral": "mistralai"}
    names = {row["model"]: row["family"] for row in read_rows(DATA / f"{ecologits.NAME}.csv")}
    for row in ecologits.shipped():
        provider = family.get(names[row.model], names[row.model])
        theirs = utils.llm_impacts(provider, row.model, 300, float("inf"), "USA").energy.value
        ends = (theirs.min, theirs.max) if hasattr(theirs, "min") else (theirs, theirs)
        seconds = row.seconds_request + row.seconds_out * 300
        ours = [
            pue * (out * 300 + second * seconds)
            for pue, out, second in (
                (row.pue.low, row.out.low, row.second.low),
                (row.pue.mid, row.out.mid, row.second.mid),
                (row.pue.high, row.out.high, row.second.high),
            )
        ]
        assert ours == pytest.approx([ends[0], sum(ends) / 2, ends[1]], rel=1e-12), row.model
