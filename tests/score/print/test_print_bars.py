"""Bars of a system: which barlines end one, where heads are, how the doubt is put together."""

import cv2
import numpy as np
import pytest

from standpartner.score.print.bar_doubt import Evidence, other_tones, system_doubt
from standpartner.score.print.barline_probability import Layers, Networks, believe_staves
from standpartner.score.print.barline_signs import Barline, bar_ends
from standpartner.score.print.exact import measure_staves
from standpartner.score.print.heads import head_columns
from standpartner.score.print.patch import SPACE_PX, Patch
from standpartner.score.print.staves import Staff

NOTHING = np.array([], int)


def at(spacings, kind="single", width=0.2):
    first = round(spacings * SPACE_PX)
    return Barline(first, first + round(width * SPACE_PX), kind, 1.0)


def places(lines):
    return [line.first for line in lines]


def test_the_first_line_and_a_repeat_after_clef_and_key_end_no_bar():
    opening, repeat, line = at(0), at(8, "repeat begins", 0.9), at(30)
    assert bar_ends([opening, repeat, line], 0, NOTHING) == [line]


def test_a_pickup_before_a_repeat_sign_is_a_bar():
    repeat, line = at(11, "repeat begins", 0.9), at(30)
    heads = 8 * SPACE_PX + np.arange(5)
    assert bar_ends([repeat, line], 0, heads) == [repeat, line]


def test_numbers_of_the_metre_before_a_repeat_sign_are_no_pickup():
    repeat, line = at(11, "repeat begins", 0.9), at(30)
    numbers = 9 * SPACE_PX + np.arange(6)
    accidental = np.array([5 * SPACE_PX])
    assert bar_ends([repeat, line], 0, np.concatenate([accidental, numbers])) == [line]


def test_a_stroke_of_the_metre_ends_no_bar_before_music_begins():
    stroke, line = at(6), at(25)
    assert bar_ends([stroke, line], 0, np.array([10 * SPACE_PX])) == [line]
    assert bar_ends([stroke, line], 0, np.array([3 * SPACE_PX])) == [stroke, line]


@pytest.mark.parametrize("between", [2.0, 4.5])
def test_a_repeat_sign_behind_a_barline_and_a_clef_ends_no_bar(between):
    line, end = at(25), at(50)
    repeat = at(25.2 + between, "repeat begins", 0.9)
    assert bar_ends([line, repeat, end], 0, NOTHING) == [line, end]


def test_a_short_bar_is_a_bar():
    lines = [at(25), at(29.5), at(50)]
    assert bar_ends(lines, 0, NOTHING) == lines


def test_a_pickup_after_a_repeat_sign_is_a_bar_however_short():
    lines = [at(25, "repeat ends and begins", 0.9), at(28.8), at(50)]
    assert bar_ends(lines, 0, np.array([27 * SPACE_PX])) == lines
    assert bar_ends(lines, 0, NOTHING) == [lines[0], lines[2]]


def blank(width=400):
    ink = np.zeros((10 * SPACE_PX, width), np.uint8)
    top = 3 * SPACE_PX
    for line in range(5):
        ink[top + line * SPACE_PX, :] = 1
    return Patch(ink, ((top, top + 4 * SPACE_PX),), np.arange(width, dtype=float), 1.0)


def test_heads_have_stems_and_accidentals_and_numbers_do_not():
    patch = blank()
    ink = patch.ink
    cv2.rectangle(ink, (60, 40), (72, 52), 1, -1)  # as solid as a head, but without a stem
    cv2.rectangle(ink, (70, 36), (71, 60), 1, -1)  # two spacings tall
    assert len(head_columns(patch, 0)) == 0
    cv2.ellipse(ink, (150, 66), (8, 6), 0, 0, 360, 1, -1)
    cv2.rectangle(ink, (156, 24), (157, 66), 1, -1)
    found = head_columns(patch, 0)
    assert abs(found[0] - 150) < 8
    assert found[-1] < 160


def staff_picture(spacing_px, middle_px):
    """A page with five lines drawn exactly: a row's grey is the share of it that a line 1.4 px thick covers."""
    rows = np.arange(200)
    dark = np.zeros(200)
    for line in range(-2, 3):
        first = middle_px + line * spacing_px - 0.7
        dark += np.clip(np.minimum(rows + 1, first + 1.4) - np.maximum(rows, first), 0, 1)
    return np.repeat(255 - 255 * dark[:, None], 600, axis=1).astype(np.uint8)


@pytest.mark.parametrize(("spacing_px", "middle_px"), [(17.13, 100.4), (12.71, 99.8), (20.0, 101.25)])
def test_staves_are_measured_to_a_small_part_of_a_px(spacing_px, middle_px):
    paper = staff_picture(spacing_px, middle_px)
    ends = np.array([20.0, 580.0])
    rough = Staff(ends, np.array([100.0, 100.0]), 20.0, 580.0, spacing_px * 1.008, 1.0, 1.0)
    staff = measure_staves(paper, [rough])[0]
    assert staff.spacing_px == pytest.approx(spacing_px, rel=0.0025)
    assert staff.y_px == pytest.approx(middle_px, abs=0.1)


def test_a_staff_of_faint_lines_stays_as_it_was_found():
    paper = np.full((200, 600), 250, np.uint8)
    rough = Staff(np.array([20.0, 580.0]), np.array([100.0, 100.0]), 20.0, 580.0, 17.0, 1.0, 1.0)
    assert measure_staves(paper, [rough])[0] is rough


def test_the_logit_of_a_small_network():
    layers = Layers(
        mean=np.array([1.0, 0.0]),
        deviation=np.array([2.0, 1.0]),
        hidden=(np.array([[1.0, -1.0], [0.0, 0.0]]), np.array([0.0, 0.0])),
        last=(np.array([[3.0], [5.0]]), np.array([0.5])),
    )
    values = np.array([[3.0, 9.0], [-1.0, 9.0]])  # 1 and -1 when scaled
    assert layers.logit(values).tolist() == [3.5, 5.5]
    networks = Networks(staff=(layers, layers), one=(), several=(layers,))
    assert networks.staff_logits(values).tolist() == [3.5, 5.5]
    assert networks.logits(values, single=False).tolist() == [3.5, 5.5]


def evidence(**changes):
    usual = {"chance": 0.999, "disagreeing": 0, "widths": np.array([20.0, 20, 20, 20]), "is_open": False}
    return Evidence(**(usual | changes))


def test_a_stroke_that_looks_like_a_barline_on_every_staff_is_one_but_not_surely():
    said = believe_staves(np.array([-1.0, -1.0, -3.0, 4.0]), np.array([2.5, 9.0, 1.5, 9.0]))
    np.testing.assert_allclose(said, [0.5, 1.0, -3.0, 4.0])


def test_evidence_is_larger_where_bars_are_doubtful():
    values = evidence().values
    assert values[1:].tolist() == [0, 0, 0, 0]
    assert evidence(chance=0.5).values[0] == pytest.approx(0, abs=1e-9)
    assert evidence(widths=np.array([20.0, 20, 5, 20, 20])).values[2] == pytest.approx(np.log(4))
    assert evidence(widths=np.array([20.0, 20, 40, 20, 20])).values[3] == pytest.approx(np.log(2))


def test_what_is_seen_otherwise_in_another_tone_is_doubted():
    assert system_doubt(evidence()) < 0.1
    assert system_doubt(evidence(disagreeing=2)) > system_doubt(evidence())
    assert system_doubt(evidence(chance=0.5)) > system_doubt(evidence())


def test_other_tones_are_heavier_and_lighter_and_lose_no_thin_line():
    patch = blank()
    patch.ink[36:84, 100] = 1
    patch.ink[36:84, 200:205] = 1
    heavier, lighter = other_tones(patch)
    assert heavier.ink.sum() > patch.ink.sum() > lighter.ink.sum()
    assert lighter.ink[60, 100] == 1
