"""Pages in another order, their margins, and places on them."""

import numpy as np
import pytest

from standpartner.errors import ConfigError, ScoreError
from standpartner.live.scores.pages import (
    bar_left_px,
    bars_table,
    crop_of,
    in_order,
    page_span_px,
    strip_x_of,
    systems_table,
)


def test_pages_in_another_order_keep_their_music(score):
    marked = np.arange(score.width_px) // 400  # the strip of each system has its own grey
    score.strip[:] = marked
    shown = in_order(score, [3, 1])
    assert [int(shown.strip[0, x]) for x in (0, 400, 800, 1200)] == [4, 5, 0, 1]
    assert shown.systems.page.tolist() == [0, 0, 1, 1]
    assert shown.width_px == 1600
    assert shown.bars.strip_left_px.tolist() == [100.0 * k for k in range(16)]
    assert shown.bars.label.tolist() == [str(k + 1) for k in range(16)]
    assert shown.begin_px == 40.0
    assert shown.end_px == 1600.0


def test_the_natural_order_changes_nothing(score):
    assert in_order(score, [1, 2, 3]) is score


@pytest.mark.parametrize("order", [[], [1, 1], [0, 1], [4]])
def test_an_order_that_cannot_be_is_refused(score, order):
    with pytest.raises(ScoreError, match="at most once in the order of pages"):
        in_order(score, order)


def test_notation_keeps_its_order(menuet):
    with pytest.raises(ScoreError, match="notation"):
        in_order(menuet, list(range(len(menuet.pages), 0, -1)))


def test_a_place_on_a_page_and_the_strip_are_each_others_inverse(score):
    for x_px in (50.0, 399.0, 401.0, 1234.5, 2399.0):
        place = score.place(np.array([x_px]))
        back = strip_x_of(
            score, int(place.page[0]) + 1, page_x=place.page_x_px[0] / 500, page_y=place.page_y_px[0] / 600
        )
        assert back == pytest.approx(x_px)


def test_a_tap_between_systems_takes_the_nearest(score):
    assert strip_x_of(score, 1, page_x=0.5, page_y=0.0) == pytest.approx(200.0)
    assert strip_x_of(score, 1, page_x=0.5, page_y=0.48) == pytest.approx(200.0)
    assert strip_x_of(score, 1, page_x=0.5, page_y=0.6) == pytest.approx(600.0)
    assert strip_x_of(score, 2, page_x=0.0, page_y=1.0) == pytest.approx(1200.0)
    assert strip_x_of(score, 1, page_x=0.0, page_y=0.0) == 40.0  # where the music begins


def test_pages_and_bars_that_are_not_there(score):
    with pytest.raises(ConfigError, match="no music on page 4"):
        strip_x_of(score, 4, page_x=0, page_y=0)
    with pytest.raises(ConfigError, match="no bar 25; the score has 24"):
        bar_left_px(score, 25)
    assert page_span_px(score, 4) is None
    assert page_span_px(score, 2) == (800.0, 1600.0)


def test_tables_say_where_bars_and_systems_are(score):
    bars, systems = bars_table(score), systems_table(score)
    assert bars[5] == {
        "bar": 6, "measure": 6, "system": 2, "page": 1, "left_px": 150.0, "right_px": 250.0, "doubt": 0.0
    }  # fmt: skip
    assert (systems[3]["page"], systems[3]["top_px"]) == (2, 400.0)


def test_margins_are_cropped_but_never_systems():
    page = np.full((1000, 800), 255, np.uint8)
    page[200:800, 100:700] = 0
    page[5, 5] = 0  # a speck
    crop = crop_of(page, [(80.0, 300.0, 500.0, 400.0)])
    assert crop["left"] == pytest.approx(0.1 - 0.012, abs=0.002)
    assert crop["top"] == pytest.approx(0.2 - 0.012, abs=0.01)
    assert crop["right"] == pytest.approx(0.875 + 0.012, abs=0.01)
    assert crop["bottom"] == pytest.approx(0.8 + 0.012, abs=0.01)


def test_an_empty_page_is_shown_whole():
    crop = crop_of(np.full((100, 80), 255, np.uint8), [])
    assert (crop["left"], crop["right"]) == (0.0, 1.0)
