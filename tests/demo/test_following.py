"""The bundled agents follow the bundled music, and the demo measures that as an evaluation does."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest

from standpartner.agent.bundle import load_agent
from standpartner.degrade import old_print_style
from standpartner.demo.bundled import PrintedPiece, load_canon, load_menuet
from standpartner.demo.following import measure_following, printed_onsets, true_positions
from standpartner.errors import PieceError
from standpartner.follow import Follower, PositionRecord, follow_audio
from standpartner.follow.offline import Following
from standpartner.follow.position import FramePosition, place_all
from standpartner.game.rules import NOTTINGHAM, PIANO
from standpartner.hear import FileSource
from standpartner.score import read_print, read_score

UPPER = [[0.1, 0.1], [0.9, 0.14], [0.9, 0.34], [0.1, 0.3]]  # leans to the right
LOWER = [[0.2, 0.5], [0.6, 0.5], [0.6, 0.7], [0.2, 0.7]]


@pytest.fixture(scope="module")
def reading():
    return read_print([load_canon().score])


@dataclass
class Systems:
    strip_left_px: np.ndarray
    strip_right_px: np.ndarray


def read_pages(*pages):
    """What a reader found: for each page the corners of its systems; each strip of a system is 100 px."""
    count = sum(len(page) for page in pages)
    left = 100.0 * np.arange(count)
    layouts = [
        SimpleNamespace(picture=number, systems=[SimpleNamespace(corners=corners) for corners in page])
        for number, page in enumerate(pages, start=1)
    ]
    return SimpleNamespace(pages=layouts, score=SimpleNamespace(systems=Systems(left, left + 100.0)))


def printed(*places):
    """A piece of which each onset is at a page and a place on it."""
    page, x, y = zip(*places, strict=True)
    piece = load_canon()
    onset_s = np.arange(len(places), dtype=float)
    return PrintedPiece(
        piece.title, piece.score, piece.recording, onset_s, np.array(page), np.stack([x, y], -1).astype(float)
    )


def test_an_onset_is_as_far_along_its_strip_as_along_its_system():
    piece = printed((0, 0.1, 0.2), (0, 0.5, 0.22), (0, 0.9, 0.24), (0, 0.3, 0.6), (1, 0.7, 0.32))
    found = printed_onsets(piece, read_pages([UPPER, LOWER], [UPPER]))
    assert found.tolist() == pytest.approx([0.0, 50.0, 100.0, 125.0, 275.0])


def test_the_edge_of_a_leaning_system_leans():
    pages = read_pages([UPPER])
    assert printed_onsets(printed((0, 0.15, 0.105)), pages) == pytest.approx([6.25])
    with pytest.raises(PieceError, match="onset 1 is in 0 of the systems"):
        printed_onsets(printed((0, 0.85, 0.105)), pages)


def test_systems_that_were_not_read_or_in_another_order_are_refused():
    piece = printed((0, 0.5, 0.22), (0, 0.3, 0.6))
    with pytest.raises(PieceError, match="onset 2 is in 0 of the systems"):
        printed_onsets(piece, read_pages([UPPER]))
    with pytest.raises(PieceError, match="onset 1 is in 2 of the systems"):
        printed_onsets(piece, read_pages([UPPER, UPPER, LOWER]))
    with pytest.raises(PieceError, match="another order"):
        printed_onsets(piece, read_pages([LOWER, UPPER]))


def test_the_scan_is_read_as_it_is_printed(reading):
    assert [[system.bars for system in page.systems] for page in reading.pages] == [[6, 6, 4, 4, 4], [4, 3, 4, 2]]
    assert all(system.staves == 2 and system.doubt < 0.5 for page in reading.pages for system in page.systems)


def test_onsets_are_printed_where_heads_are(reading):
    """There is more ink at onsets than 8 px, a head's width, before and after them."""
    x_px = np.rint(printed_onsets(load_canon(), reading)).astype(int)
    ink = (255.0 - reading.score.strip).sum(axis=0)

    def inked(shift_px):
        return np.mean([ink[x_px + shift_px + k].mean() for k in (-2, -1, 0, 1, 2)])

    assert inked(0) > 1.2 * max(inked(-8), inked(8))


def test_onsets_are_where_the_pages_were_engraved(reading):
    """On each system onsets are as far from its left end as on the engraved strip, to a head's width."""
    piece = load_canon()
    engraved = read_score(piece.score.with_suffix(".krn"), style=old_print_style(1))  # that of tools/make_canon.py
    system = engraved.onsets.system
    found = printed_onsets(piece, reading) - reading.score.systems.strip_left_px[system]
    drawn = engraved.onsets.x_px - engraved.systems.strip_left_px[system]
    np.testing.assert_allclose(found, drawn, atol=5)
    np.testing.assert_array_equal(reading.score.place(printed_onsets(piece, reading)).system, system)


@pytest.mark.parametrize("agent", ["piano", "piano-human"])
def test_the_canon_is_followed_in_its_scan(agent, reading):
    piece, score = load_canon(), reading.score
    following = follow_audio(Follower(score, load_agent(agent)), FileSource(piece.recording))
    x_px = printed_onsets(piece, reading)
    measures = measure_following(piece, following, score=score, onset_x_px=x_px, rules=PIANO)
    assert measures["r_tue"] == 1
    assert measures["within_s"]["0.5"] > 0.97
    assert measures["error_cm_mean"] < 0.25
    assert following.lost_share < 0.05
    assert abs(following.started_s - piece.onset_s[0]) <= 0.1
    assert following.last_measure == 37
    # The right system is shown within a second of every onset.
    system = np.array([position.system - 1 for position in following.positions])
    true = score.place(x_px).system
    near = [system[max(0, round(20 * second) - 20) : round(20 * second) + 21] for second in piece.onset_s]
    assert all(right in shown for right, shown in zip(true, near, strict=True))
    assert measures["system_accuracy"] > 0.98


def test_a_recording_is_followed_alike_each_time(reading):
    piece, agent = load_canon(), load_agent("piano")
    runs = [follow_audio(Follower(reading.score, agent), FileSource(piece.recording)) for _ in range(2)]
    assert runs[0] == runs[1]
    again = read_print([piece.score])
    np.testing.assert_array_equal(again.score.strip, reading.score.strip)


def test_the_menuet_is_followed(menuet):
    piece = load_menuet()
    following = follow_audio(Follower(menuet, load_agent("piano")), FileSource(piece.recording))
    measures = measure_following(piece, following, score=menuet, onset_x_px=menuet.onsets.x_px, rules=NOTTINGHAM)
    assert measures["r_tue"] == 1
    assert measures["error_cm_mean"] < 0.3
    assert following.finished
    assert following.lost_share < 0.05
    assert abs(following.started_s - piece.onset_s[0]) <= 0.1


def test_measures_of_the_truth_itself(menuet):
    piece = load_menuet()
    target = true_positions(piece, menuet.onsets.x_px, frames=1_300)
    assert measure(piece, menuet, target)["error_cm_mean"] == pytest.approx(0.0, abs=1e-6)
    measures = measure(piece, menuet, target)
    assert (measures["r_tue"], measures["r_on"], measures["system_accuracy"]) == (1.0, 1.0, 1.0)
    far = np.minimum(target + 51 * (np.arange(1_300) >= 600), menuet.width_px)
    measures = measure(piece, menuet, far)
    assert measures["r_tue"] == 0
    assert measures["r_on"] == pytest.approx(np.mean(piece.onset_s < 29.97), abs=0.01)
    assert measure(piece, replace(menuet, title="other"), far)["system_accuracy"] < 1


def measure(piece, score, x_px):
    positions = place_all(score, [FramePosition(k, float(x), 1.0, False) for k, x in enumerate(x_px)])
    following = Following(PositionRecord(score, positions), 65.0, 24, True)
    return measure_following(piece, following, score=score, onset_x_px=score.onsets.x_px, rules=NOTTINGHAM)
