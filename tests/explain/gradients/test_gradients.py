"""Attributions add up, agree with plain integration, and know where they are on the strip."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("captum")
pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

import torch
from captum.attr import IntegratedGradients

from standpartner.errors import ConfigError
from standpartner.explain.gradients.attribution import AttributionConfig, attribute, cut_windows
from standpartner.explain.gradients.baselines import make_baselines
from standpartner.explain.gradients.rescale_rule import RescaleRule
from standpartner.explain.gradients.run import choose_frames
from standpartner.explain.gradients.sanity_checks import (
    attribution_at_noteheads,
    random_correlations,
    rank_correlation,
    sample_frames,
)


@pytest.mark.parametrize("baseline", ["silence", "blur"])
@pytest.mark.parametrize(
    ("name", "target"), [("read-once", "locate"), ("read-once", "other"), ("carries", "locate"), ("window", "action")]
)
def test_attributions_add_up_to_the_change(networks, played, name, target, baseline):
    some = played[name][1].select(np.array([0, 5]))
    found = attribute(networks[name], some, AttributionConfig(target=target, baseline=baseline))
    total = found.score.sum((1, 2)) + found.score_beyond + found.spectrogram.sum((1, 2))
    if name == "window":
        total += found.score_difference.sum((1, 2)) + found.spectrogram_difference.sum((1, 2))
        assert found.score.shape == (2, 40, 150)
        assert found.spectrogram.shape == (2, 40, 78)
    else:
        assert found.score.shape == (2, 160, 512)
        assert found.spectrogram.shape == (2, networks[name].network.frames.lead_frames + 1, 78)
    assert (found.error < 0.01).all()
    assert (np.abs(total - found.change) <= 0.011 * np.maximum(np.abs(found.change), 0.1)).all()


def test_attributions_agree_with_plain_integration(networks, played):
    network, some = networks["read-once"], played["read-once"][0].select(np.array([4]))
    step = network.step(some)

    def value(score, spectrogram, *fixed):
        return step.heads(step.encode(score, spectrogram), fixed).value

    plain = IntegratedGradients(value).attribute(
        (step.score, step.spectrogram),
        make_baselines(step.score, step.spectrogram, kind="silence", downscale=2),
        additional_forward_args=step.fixed,
        n_steps=400,
        internal_batch_size=100,
    )
    found = attribute(network, some, AttributionConfig(target="value", stretches=64))
    assert np.corrcoef(plain[1][0, 0].numpy().ravel(), found.spectrogram[0].ravel())[0, 1] > 0.98
    assert float(plain[1].sum()) == pytest.approx(
        float(found.spectrogram.sum()), abs=0.03 * abs(float(found.change[0]))
    )


def test_the_rescale_rule_gives_the_differences_of_a_network():
    layers = torch.nn.Sequential(
        torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 4), torch.nn.ELU(inplace=True)
    )
    knots = torch.linspace(-2, 2, 4).view(-1, 1) * torch.tensor([1.0, -0.5, 2.0])
    knots.requires_grad_()
    with RescaleRule():
        (gradient,) = torch.autograd.grad(layers(knots).sum(), knots)
    with torch.no_grad():
        said = layers(knots).sum(1)
        reached = (gradient[:-1] * (knots[1:] - knots[:-1])).sum(1)
    torch.testing.assert_close(reached, said[1:] - said[:-1])


def test_a_window_network_has_no_locate_to_explain(networks, played):
    with pytest.raises(ConfigError, match="no locate"):
        attribute(networks["window"], played["window"][0].select(np.array([0])), AttributionConfig(target="locate"))


@pytest.mark.parametrize("wrong", [{"target": "mood"}, {"baseline": "noise"}, {"tolerance": 0}, {"stretches": 0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="expected"):
        AttributionConfig(**wrong)


def test_a_blurred_baseline_keeps_the_mean_and_no_difference():
    score = torch.zeros(1, 2, 80, 150)
    score[0, :, 40, 75] = 1
    blurred, _ = make_baselines(score, torch.zeros(1, 2, 40, 78), kind="blur", downscale=2)
    assert float(blurred[0, 0].sum()) == pytest.approx(1, abs=0.01)
    assert float(blurred[0, 0].max()) < 0.01
    assert not blurred[0, 1].any()


def test_windows_are_zero_beyond_the_ends():
    image = np.arange(4, dtype=np.float32).reshape(1, 1, 1, 4) + 1
    assert cut_windows(image, np.array([-2]), width_px=4).ravel().tolist() == [0, 0, 1, 2]
    assert cut_windows(image, np.array([3]), width_px=3).ravel().tolist() == [4, 0, 0]
    assert cut_windows(image, np.array([9]), width_px=2).ravel().tolist() == [0, 0]


def test_frames_are_chosen_by_their_numbers():
    played = np.arange(10, 30)
    assert choose_frames("12:15", played).tolist() == [2, 3, 4]
    assert choose_frames("0:30:10", played).tolist() == [0, 10]
    assert choose_frames("13:1000000000000", played).tolist() == list(range(3, len(played)))
    assert len(choose_frames(None, played)) == 8
    for wrong in ("30:40", "a:b", "12", "1:2:0"):
        with pytest.raises(ConfigError, match="within 10:30"):
            choose_frames(wrong, played)


def test_random_frames_are_drawn_once_each(played):
    drawn = sample_frames(played["read-once"], 7, seed=1)
    assert sum(map(len, drawn)) == 7
    with pytest.raises(ConfigError, match="give more pieces"):
        sample_frames(played["read-once"], 10**6, seed=1)


def test_notes_that_sound_are_told_from_others(networks, played, tiny_pieces):
    some = played["read-once"][0].select(np.array([3]))
    found = attribute(networks["read-once"], some, AttributionConfig(target="value"))
    heads, track = tiny_pieces[0].score.noteheads, some.track
    now = np.flatnonzero(track.onset_frames <= some.frame[0])[-1]
    left = int(np.floor(some.position_px[0] + 0.5)) - 256
    found.score[:] = 0
    for x, y in zip(heads.x_px[heads.onset == now], heads.y_px[heads.onset == now], strict=True):
        found.score[0, int(y), int(x) - left] = 1
    ((sounding, others),) = attribution_at_noteheads(tiny_pieces[0], some, found)
    assert sounding == pytest.approx(1)
    assert others < 0.5


def test_other_weights_make_another_map(networks, played):
    network, some = networks["read-once"], played["read-once"][0].select(np.array([3, 9]))
    config = AttributionConfig(target="locate")
    found = attribute(network, some, config)
    for signed, _ in random_correlations(network, some, found, config=config, seed=8):
        assert abs(signed) < 0.5


def test_rank_correlation_sees_order_alone():
    values = np.array([3.0, 1.0, 2.0, 7.0])
    assert rank_correlation(values, np.exp(values)) == pytest.approx(1)
    assert rank_correlation(values, -values) == pytest.approx(-1)
