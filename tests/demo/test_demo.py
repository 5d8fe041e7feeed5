"""The bundled piece: complete, true, not in the training data, and followed by the bundled agent."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from standpartner.agent.bundle import load_agent
from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.demo.bundled import demo_measures, load_demo
from standpartner.follow import Follower, follow_audio
from standpartner.follow.offline import Following
from standpartner.follow.position import FramePosition, place_all
from standpartner.game.rules import target_x_px
from standpartner.hear import FileSource, read_audio, spectrogram

TUNES = Path(__file__).parents[3] / "shared" / "data" / "nottingham"


def test_is_complete(menuet):
    piece = load_demo()
    truth = json.loads(piece.recording.with_suffix(".json").read_text())
    content = piece.recording.read_bytes()
    assert truth["recording_sha256"] == hashlib.sha256(content).hexdigest()
    assert len(content) < 1_500_000
    assert len(menuet.pages) == 2
    assert len(menuet.measures) == 48
    assert 40 < len(read_audio(piece.recording)) / SAMPLE_RATE_HZ < 70
    assert len(piece.onset_s) == len(menuet.onsets)
    assert np.diff(piece.onset_s).min() > 0.1


def test_the_truth_is_when_notes_sound(menuet):
    """At most onsets the band of the note's pitch grows; a truth shifted by some frames would not pass."""
    piece = load_demo()
    bands = 10 ** spectrogram(read_audio(piece.recording)) - 1
    first = menuet.notes.pitch[np.searchsorted(menuet.notes.onset, np.arange(len(menuet.onsets)))]
    # Bands from the semitone above 60 Hz's, MIDI 35 is the edge: 440 Hz (69) is band 33.
    band = first - 36
    frame = np.floor(piece.onset_s * 20 + 0.5).astype(int)

    def grown(shift):
        now = bands[np.minimum(frame + shift + 1, len(bands) - 1), band]
        return np.mean(now > 1.5 * bands[frame + shift - 2, band])

    assert grown(0) > 0.8
    assert grown(0) > 1.5 * max(grown(-4), grown(4))


@pytest.mark.skipif(not TUNES.is_dir(), reason="no tunes beside the repository")
def test_is_no_training_tune():
    from standpartner.corpus.recipes.nottingham import _figures, _same_title, plain_title, read_tunes, same_music

    text = load_demo().score.read_text()
    figures, title = _figures(text), plain_title("Menuet in G")
    for tune in read_tunes(TUNES):
        assert not same_music(figures, _figures(tune.text)), tune.name
        assert not _same_title(title, plain_title(tune.title)), tune.name


def test_measures_of_the_truth_itself(menuet):
    piece = load_demo()
    target = target_x_px(np.arange(1_300), piece.onset_s, onset_x_px=menuet.onsets.x_px)
    positions = place_all(menuet, [FramePosition(k, float(x), 1.0, False) for k, x in enumerate(target)])
    measures = demo_measures(piece, menuet, Following(tuple(positions), 65.0, 24, True))
    assert (measures["r_tue"], measures["r_on"]) == (1.0, 1.0)
    assert measures["error_cm_mean"] == pytest.approx(0.0, abs=1e-6)
    far = [FramePosition(k, float(min(x + 51 * (k >= 600), menuet.width_px)), 1.0, False) for k, x in enumerate(target)]
    measures = demo_measures(piece, menuet, Following(tuple(place_all(menuet, far)), 65.0, 24, True))
    assert measures["r_tue"] == 0
    assert measures["r_on"] == pytest.approx(np.mean(piece.onset_s < 29.97), abs=0.01)


def test_the_bundled_agent_follows_to_the_end(menuet):
    piece = load_demo()
    follower = Follower(menuet, load_agent("tunes"))
    following = follow_audio(follower, FileSource(piece.recording))
    measures = demo_measures(piece, menuet, following)
    assert measures["r_tue"] == 1
    assert measures["error_cm_mean"] < 0.3
    assert following.finished
    assert following.lost_share < 0.05
    assert abs(following.started_s - piece.onset_s[0]) <= 0.1
