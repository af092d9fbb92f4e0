"""The example of the paper: forecast 100, actual 50, and the device type explains it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from analytics.statistics.adtributor import elements, explain, root_cause, surprise

CENTERS = ({"X": 94.0, "Y": 6.0}, {"X": 47.0, "Y": 3.0})
ADVERTISERS = ({"A1": 50.0, "A2": 20.0, "A3": 20.0, "A4": 10.0}, {"A1": 24.0, "A2": 21.0, "A3": 4.0, "A4": 1.0})
DEVICES = ({"PC": 50.0, "Mobile": 25.0, "Tablet": 25.0}, {"PC": 49.0, "Mobile": 1.0})
PUBLISHED = {
    "X": (0.94, 0), "Y": (0.06, 0),
    "A1": (0.52, 0.00004), "A2": (-0.02, 0.00866), "A3": (0.32, 0.00577), "A4": (0.18, 0.00632),
    "PC": (0.02, 0.01721), "Mobile": (0.48, 0.02516), "Tablet": (0.50, 0.03763),
}  # fmt: skip


@pytest.mark.parametrize("sides", [CENTERS, ADVERTISERS, DEVICES])
def test_power_and_surprise_as_published(sides: tuple[dict[str, float], dict[str, float]]) -> None:
    for element in elements(*sides):
        assert (element.power, element.surprise) == pytest.approx(PUBLISHED[element.name], abs=1e-5)


def test_devices_explain_though_a_center_has_more_power() -> None:
    found = root_cause({"center": CENTERS, "advertiser": ADVERTISERS, "device": DEVICES})
    assert found[0].dimension == "device"
    assert [each.name for each in found[0].elements] == ["Tablet", "Mobile"]
    assert found[0].power == pytest.approx(0.98)
    assert found[-1].dimension == "center"


def test_many_equal_elements_explain_nothing() -> None:
    forecast = {str(number): 1.0 + number / 100 for number in range(8)}
    assert explain("tenant", forecast, {name: 2 * value for name, value in forecast.items()}) is None


def test_no_change_has_no_cause() -> None:
    assert [each.power for each in elements({"a": 1.0}, {"a": 1.0})] == [0.0]
    assert root_cause({"tenant": ({"a": 1.0}, {"a": 1.0})}) == []


def test_surprise_is_that_of_jensen_and_shannon() -> None:
    p, q = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.1, 0.3, 0.2, 0.4])
    assert surprise(p, q).sum() == pytest.approx(jensenshannon(p, q, base=10) ** 2)
