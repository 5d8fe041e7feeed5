"""Calibration: a correction that is fitted, a diagram that is counted, and a picture of it."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from standpartner.agent.calibration import Calibration
from standpartner.errors import AgentError, ConfigError
from standpartner.evaluate.calibration.fit import fit_calibration
from standpartner.evaluate.calibration.reliability import draw_reliability, reliability

TRUE = Calibration(search=0.4, tracker=0.7, bias=-0.5)


def claims(seed, count=20_000):
    """What search and tracker claim, and outcomes that follow the weights of `TRUE`."""
    rng = np.random.default_rng(seed)
    searched, tracked = rng.uniform(0.01, 0.99, (2, count))
    return searched, tracked, rng.random(count) < TRUE.confidence(searched, tracked)


def test_finds_the_weights_again():
    fitted = fit_calibration(*claims(0))
    assert fitted.search == pytest.approx(TRUE.search, abs=0.03)
    assert fitted.tracker == pytest.approx(TRUE.tracker, abs=0.03)
    assert fitted.bias == pytest.approx(TRUE.bias, abs=0.05)


def test_makes_the_overconfident_honest():
    fitted = fit_calibration(*claims(1))
    searched, tracked, right = claims(2)
    assert reliability(searched, right).expected_error > 0.15
    assert reliability(fitted.confidence(searched, tracked), right).expected_error < 0.02


def test_a_witness_who_knows_nothing_is_not_heard():
    searched, tracked, right = claims(3)
    shuffled = np.random.default_rng(4).permutation(searched)
    fitted = fit_calibration(shuffled, tracked, right)
    assert abs(fitted.search) < 0.03
    assert fitted.tracker > 0.5


def test_keeps_the_order_and_the_range():
    given = np.linspace(0, 1, 101)
    assert np.allclose(Calibration().confidence(given, given), given, atol=1e-4)
    for others in ((given, 0.5), (0.5, given)):
        confidence = Calibration(0.5, 0.5, 1.0).confidence(*others)
        assert np.all(np.diff(confidence) >= 0)
        assert 0 < confidence[0] < confidence[-1] < 1


@pytest.mark.parametrize("outcome", [True, False])
def test_one_outcome_only(outcome):
    fitted = fit_calibration(np.full(50, 0.7), np.full(50, 0.6), np.full(50, outcome))
    assert np.isfinite([fitted.search, fitted.tracker, fitted.bias]).all()
    assert (fitted.confidence(0.7, 0.6) > 0.9) == outcome


def test_there_and_back():
    calibration = Calibration(0.25, 0.5, -1.5)
    assert Calibration.from_json(calibration.to_json()) == calibration
    assert Calibration.from_json(None) == Calibration()
    with pytest.raises(AgentError, match="calibrate again"):
        Calibration.from_json({"search": 1})
    with pytest.raises(ConfigError, match="as many probabilities of either kind as outcomes"):
        fit_calibration([0.5], [0.5], [True, False])


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
    """All is claimed to be certain or impossible, and much of it is not so."""
    rng = np.random.default_rng(3)
    claimed = np.where(rng.random(20_000) < 0.2, 1e-6, 1 - 1e-6)
    right = rng.random(len(claimed)) < np.where(claimed < 0.5, 0.65, 0.97)
    fitted = fit_calibration(claimed, np.full(len(claimed), 0.5), right)
    np.testing.assert_allclose(fitted.confidence([1e-6, 1 - 1e-6], 0.5), [0.65, 0.97], atol=0.02)
