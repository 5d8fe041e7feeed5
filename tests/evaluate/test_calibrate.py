"""Calibration: a correction that is fitted, a diagram that is counted, and a picture of it."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from standpartner.agent.calibration import Calibration
from standpartner.errors import AgentError, ConfigError
from standpartner.evaluate.reliability import draw_reliability, reliability


def claims(seed, slope, bias, count=20_000):
    """Probabilities that are claimed, and outcomes that follow a line through their log odds."""
    rng = np.random.default_rng(seed)
    claimed = rng.uniform(0.01, 0.99, count)
    return claimed, rng.random(count) < Calibration(slope, bias).apply(claimed)


def test_finds_the_line_again():
    fitted = Calibration.fit(*claims(0, 0.4, -0.5))
    assert fitted.slope == pytest.approx(0.4, abs=0.03)
    assert fitted.bias == pytest.approx(-0.5, abs=0.05)


def test_makes_the_overconfident_honest():
    fitted = Calibration.fit(*claims(1, 0.4, -0.5))
    claimed, right = claims(2, 0.4, -0.5)
    assert reliability(claimed, right).expected_error > 0.15
    assert reliability(fitted.apply(claimed), right).expected_error < 0.02


def test_keeps_the_order_and_the_range():
    given = np.linspace(0, 1, 101)
    assert np.allclose(Calibration().apply(given), given, atol=1e-4)
    corrected = Calibration(0.5, 1.0).apply(given)
    assert np.all(np.diff(corrected) >= 0)
    assert 0 < corrected[0] < corrected[-1] < 1


@pytest.mark.parametrize("outcome", [True, False])
def test_one_outcome_only(outcome):
    fitted = Calibration.fit(np.full(50, 0.7), np.full(50, outcome))
    assert np.isfinite([fitted.slope, fitted.bias]).all()
    assert (fitted.apply(0.7) > 0.9) == outcome


def test_there_and_back():
    calibration = Calibration(0.25, -1.5)
    assert Calibration.from_json(calibration.to_json()) == calibration
    assert Calibration.from_json(None) == Calibration()
    with pytest.raises(AgentError, match="calibrate again"):
        Calibration.from_json({"slope": 1})
    with pytest.raises(ConfigError, match="as many probabilities as outcomes"):
        Calibration.fit([0.5], [True, False])


def test_diagram_by_hand():
    diagram = reliability([0.05, 0.95, 0.95, 1.0], [False, True, True, False])
    assert list(diagram.count) == [1, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    assert diagram.right[9] == pytest.approx(2 / 3)
    assert diagram.confidence[9] == pytest.approx(2.9 / 3)
    assert diagram.expected_error == pytest.approx((0.05 + 0.9) / 4)
    with pytest.raises(ConfigError, match="from 0 to 1"):
        reliability([1.2], [True])


def test_picture():
    pytest.importorskip("matplotlib")
    diagram = reliability([0.05, 0.95, 0.55], [False, True, True])
    picture = ET.fromstring(draw_reliability({"a": diagram, "b": diagram}, "R & D"))  # noqa: S314
    words = "".join(picture.itertext())
    assert "R & D" in words
    assert f"a: expected calibration error {diagram.expected_error:.3f}" in words


def test_an_agent_that_is_wrongly_sure_does_not_throw_the_fit_off():
    """Newton's whole steps leap away here: all is claimed to be certain or impossible, and much of it is not so."""
    rng = np.random.default_rng(3)
    claimed = np.where(rng.random(20_000) < 0.2, 1e-6, 1 - 1e-6)
    right = rng.random(len(claimed)) < np.where(claimed < 0.5, 0.65, 0.97)
    corrected = Calibration.fit(claimed, right).apply([1e-6, 1 - 1e-6])
    np.testing.assert_allclose(corrected, [0.65, 0.97], atol=0.02)
