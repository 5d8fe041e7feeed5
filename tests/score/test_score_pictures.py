"""A picture of a score has no notes; nothing is put in their place."""

from dataclasses import replace

import numpy as np
import pytest

from standpartner.errors import ScoreError
from standpartner.piece import Piece
from standpartner.score import Bars, Notation, Printed, Score, printed_measure
from standpartner.score.page_data import measures_table, systems_table


@pytest.mark.parametrize("table", ["notation", "noteheads", "onsets", "measures", "notes"])
def test_what_only_notation_knows_is_asked_for_in_vain(table: str, picture: Score) -> None:
    with pytest.raises(ScoreError, match=r'"Menuet in G" is a picture, .* give its notation file'):
        getattr(picture, table)


def test_a_piece_needs_the_notes_of_its_score(picture: Score, tiny_pieces: list[Piece]) -> None:
    with pytest.raises(ScoreError, match="needs the notes of the score"):
        replace(tiny_pieces[0], score=picture)


def test_the_music_of_notation_is_from_its_first_to_its_last_onset(menuet: Score) -> None:
    assert isinstance(menuet.music, Notation)
    assert (menuet.begin_px, menuet.end_px) == (menuet.onsets.x_px[0], menuet.onsets.x_px[-1])
    assert menuet.bars is menuet.measures


def test_places_of_a_picture_are_those_of_the_notation(menuet: Score, picture: Score) -> None:
    x_px = np.linspace(0.0, menuet.width_px, 500)
    expected, found = menuet.place(x_px), picture.place(x_px)
    for name in ("page", "system", "page_x_px", "page_y_px", "measure"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert [picture.measure_number(measure) for measure in (0, 47)] == [1, 48]
    assert measures_table(picture) == measures_table(menuet)


def test_without_bars_measures_are_unknown(menuet: Score, picture_without_bars: Score) -> None:
    place = picture_without_bars.place(np.array([0.0, 700.0]))
    assert place.measure.tolist() == [-1, -1]
    assert int(picture_without_bars.place(700.0).measure) == -1
    np.testing.assert_array_equal(place.page_x_px, menuet.place(np.array([0.0, 700.0])).page_x_px)
    assert picture_without_bars.measure_number(-1) is None
    assert picture_without_bars.measure_number(3) is None
    assert measures_table(picture_without_bars) == []
    assert systems_table(picture_without_bars) == systems_table(menuet)


@pytest.mark.parametrize(
    ("begin_px", "end_px", "words"),
    [(10.0, 10.0, "must begin before it ends"), (-1.0, 10.0, "must lie on the strip"), (5.0, 1e6, "must lie on the")],
)
def test_music_outside_the_strip_is_refused(begin_px: float, end_px: float, words: str, picture: Score) -> None:
    with pytest.raises(ScoreError, match=words):
        replace(picture, music=Printed(begin_px, end_px))


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("doubt", 1.5, r"bars\.doubt must be between 0 and 1"),
        ("doubt", float("nan"), r"bars\.doubt must be between 0 and 1"),
        ("system", 8, r"system must be between 0 and 7"),
        ("strip_left_px", 3000.0, "in the order of the strip"),
    ],
)
def test_wrong_bars_are_refused(column: str, value: float, words: str, picture: Score) -> None:
    assert isinstance(picture.bars, Bars)
    changed = getattr(picture.bars, column).copy()
    changed[1] = value
    with pytest.raises(ScoreError, match=words):
        replace(picture, music=Printed(picture.begin_px, picture.end_px, replace(picture.bars, **{column: changed})))
    with pytest.raises(ScoreError, match="at least one entry in bars"):
        Printed(0.0, 1.0, Bars(*[np.zeros(0)] * 5))


@pytest.mark.parametrize(
    ("column", "value", "words"), [("doubt", -0.1, "between 0 and 1"), ("staves", -1, "number of staves")]
)
def test_wrong_systems_are_refused(column: str, value: float, words: str, picture: Score) -> None:
    with pytest.raises(ScoreError, match=words):
        replace(picture, systems=replace(picture.systems, **{column: np.full(len(picture.systems), value)}))


def test_staves_of_engraved_systems_are_counted(scores: dict[str, Score]) -> None:
    assert {name: set(score.systems.staves.tolist()) for name, score in scores.items()} == {
        "piano.musicxml": {2},
        "tune.abc": {1},
        "voices.krn": {2},
        "small.mei": {1},
    }
    assert not any(score.systems.doubt.any() for score in scores.values())


@pytest.mark.parametrize(("label", "number"), [("12", 12), ("12a", "12a"), ("", ""), ("0", 0)])
def test_measure_labels_are_numbers_where_they_can_be(label: str, number: int | str) -> None:
    assert printed_measure(label) == number
