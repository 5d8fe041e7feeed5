"""Strip and pages show the same ink, and positions map between them."""

import numpy as np
import pytest

from standpartner.score import Score


def test_tune_fills_several_systems(tune: Score) -> None:
    assert len(tune.systems) >= 3
    assert tune.systems.strip_right_px[-1] == tune.width_px


def test_strip_is_the_page_at_half_size(scores: dict[str, Score]) -> None:
    for score in scores.values():
        systems = score.systems
        for index in range(len(systems)):
            top, bottom = int(systems.page_top_px[index]), int(systems.page_bottom_px[index])
            left, right = int(systems.page_left_px[index]), int(systems.page_right_px[index])
            box = score.pages[systems.page[index]][top:bottom, left:right].astype(float)
            halved = box.reshape(160, 2, -1, 2).mean(axis=(1, 3))
            cut = score.strip[:, int(systems.strip_left_px[index]) : int(systems.strip_right_px[index])]
            np.testing.assert_allclose(halved, cut, atol=0.51)


def test_heads_found_on_the_page_are_black(tune: Score) -> None:
    short = np.isin(tune.noteheads.onset, np.flatnonzero(np.diff(tune.onsets.quarter) <= 1))
    x, y = tune.noteheads.x_px[short], tune.noteheads.y_px[short]
    place = tune.place(x)
    page_y = place.page_y_px + (y - 80) * tune.page_scale
    for page, at_x, at_y in zip(place.page, place.page_x_px, page_y, strict=True):
        assert tune.pages[page][int(at_y), int(at_x)] < 60


def test_place_names_system_and_measure(tune: Score) -> None:
    place = tune.place(tune.onsets.x_px)
    assert place.system.tolist() == tune.onsets.system.tolist()
    assert place.measure.tolist() == tune.onsets.measure.tolist()


def test_place_takes_a_number_and_clips(tune: Score) -> None:
    first, last = tune.place(-5.0), tune.place(tune.width_px + 100)
    assert first.page_x_px == tune.systems.page_left_px[0]
    assert last.page_x_px == pytest.approx(tune.systems.page_right_px[-1])
    assert (int(first.system), int(last.system)) == (0, len(tune.systems) - 1)
    assert int(last.measure) == len(tune.measures) - 1


def test_brace_sticks_out_left_of_the_box(piano: Score) -> None:
    left, top = int(piano.systems.page_left_px[0]), int(piano.systems.page_top_px[0])
    assert piano.pages[0][top : top + 320, left - 30 : left - 4].min() < 100


def test_system_is_cut_at_the_clef(tune: Score) -> None:
    for left in tune.systems.strip_left_px.astype(int):
        assert tune.strip[80, left : left + 2].max() < 250  # the staff starts at once
        assert (tune.strip[60:105, left + 3 : left + 22] < 60).sum() > 40  # and the clef follows
