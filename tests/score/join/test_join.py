"""Printed pages joined to their notation: pages engraved in another style, whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as PilImage

from standpartner.demo.bundled import load_canon, load_menuet
from standpartner.demo.following import printed_onsets
from standpartner.errors import ScoreError
from standpartner.score import EngravingStyle, PrintReading, Score, read_print, read_score
from standpartner.score.join import JoinOptions, join_print
from standpartner.score.join.heads import staff_rows
from standpartner.score.join.onsets import PlacingOptions
from standpartner.score.tables import Bars

OTHER = EngravingStyle(font="Leland", line_spaces=84, spacing_linear=0.3, spacing_non_linear=0.55)


@pytest.fixture(scope="module")
def printed(tmp_path_factory) -> tuple[Score, PrintReading]:
    """The menuet in another style, and its pages as read."""
    folder = tmp_path_factory.mktemp("pages")
    score = read_score(load_menuet().score, style=OTHER)
    for number, page in enumerate(score.pages):
        PilImage.fromarray(page).save(folder / f"{number}.png")
    return score, read_print([folder])


def with_bars(reading: PrintReading, bars: Bars) -> PrintReading:
    return replace(reading, score=replace(reading.score, music=replace(reading.score.music, bars=bars)))


def without(bars: Bars, *dropped: int) -> Bars:
    """The bars as if the barlines at the end of some of them had been missed."""
    columns = {name: np.delete(getattr(bars, name), list(dropped)) for name, _ in bars.columns()}
    columns["strip_left_px"] = np.delete(bars.strip_left_px, [number + 1 for number in dropped])
    return Bars(**columns)


def measures_by_system(score: Score) -> list[int]:
    return np.bincount(score.measures.system, minlength=len(score.systems)).tolist()


def errors_px(score: Score, truth: Score) -> np.ndarray:
    """How far onsets are from those of the engraver, whose systems are cut a little wider or narrower."""
    system = truth.onsets.system
    assert np.array_equal(score.onsets.system, system)
    within = truth.onsets.x_px - truth.systems.strip_left_px[system]
    return np.abs(score.onsets.x_px - score.systems.strip_left_px[system] - within)


def test_measures_and_onsets_are_where_they_are_printed(menuet, printed):
    truth, reading = printed
    assert measures_by_system(truth) != measures_by_system(menuet)
    joined = join_print(reading, menuet)
    assert measures_by_system(joined.score) == measures_by_system(truth)
    assert joined.score.strip is reading.score.strip
    assert joined.score.measures.label.tolist() == menuet.measures.label.tolist()
    assert np.percentile(errors_px(joined.score, truth), 90) < 5
    assert max(system.doubt for system in joined.systems) < 0.1


def test_heads_keep_their_places_on_the_staff(menuet, printed):
    truth, reading = printed
    score = join_print(reading, menuet).score
    starts = score.noteheads.onset >= 0
    assert np.abs(score.noteheads.y_px - truth.noteheads.y_px)[starts].max() < 1.5


def test_missed_barlines_are_found_by_the_heads_and_doubted(menuet, printed):
    truth, reading = printed
    joined = join_print(with_bars(reading, without(reading.score.bars, 1, 20)), menuet)
    assert measures_by_system(joined.score) == measures_by_system(truth)
    assert np.percentile(errors_px(joined.score, truth), 90) < 5
    wrong = {int(truth.measures.system[1]), int(truth.measures.system[20])}
    assert {number for number, system in enumerate(joined.systems) if system.doubt > 0.1} == wrong


def test_a_measure_that_fits_nowhere_goes_beside_its_neighbour_and_a_missing_page_is_named(menuet, printed):
    truth, reading = printed
    strip = reading.score.strip.copy()
    third = truth.measures.system == truth.measures.system[2]
    left, right = (round(float(x)) for x in (truth.measures.strip_left_px[2], truth.measures.strip_right_px[2]))
    assert third[2]
    strip[:, left:right] = strip[:, left : left + 1]
    blank = replace(reading, score=replace(reading.score, strip=strip))
    assert measures_by_system(join_print(blank, menuet).score) == measures_by_system(truth)
    bars = reading.score.bars
    rest = {name: getattr(bars, name)[: len(bars) // 2] for name, _ in bars.columns()}
    with pytest.raises(ScoreError, match=r"found on the pages: \d+ of 48 were not, from \d+ to 48"):
        join_print(with_bars(reading, Bars(**rest)), menuet)


def test_known_line_breaks_are_taken(menuet, printed):
    truth, reading = printed
    known = measures_by_system(truth)
    joined = join_print(reading, menuet, JoinOptions(measures_by_system=known))
    assert [stop - start for start, stop in (system.measures for system in joined.systems)] == known
    with pytest.raises(ScoreError, match="line breaks tell"):
        join_print(reading, menuet, JoinOptions(measures_by_system=known[:-1]))


def test_other_music_and_missing_pages_are_refused(menuet, printed, tmp_path):
    _, reading = printed
    with pytest.raises(ScoreError, match="is on 1 staff, but 2 staves of canon are followed"):
        join_print(read_print([load_canon().score]), menuet)
    tune = tmp_path / "other.abc"
    tune.write_text("X:1\nT:Other\nM:2/4\nL:1/8\nK:C\n" + ("C2 c2|A,4|c'2 C2|E4|\n" * 8))
    with pytest.raises(ScoreError, match="notation"):
        join_print(reading, read_score(tune))


def test_a_scan_is_joined_to_its_notation():
    piece = load_canon()
    reading = read_print([piece.score])
    notation = read_score(piece.score.with_suffix(".krn"))
    for heads, bound_px in ((PlacingOptions().heads, 4), (0.0, 12)):
        score = join_print(reading, notation, JoinOptions(placing=PlacingOptions(heads=heads))).score
        error_px = np.abs(score.onsets.x_px - printed_onsets(piece, reading))
        assert np.percentile(error_px, 90) < bound_px


def test_systems_begin_after_their_clefs_and_keys():
    piece = load_canon()
    reading = read_print([piece.score])
    score = join_print(reading, read_score(piece.score.with_suffix(".krn"))).score
    first = np.flatnonzero(np.append(True, np.diff(score.onsets.system) > 0))
    assert np.abs(score.onsets.x_px - printed_onsets(piece, reading))[first].max() < 5


@pytest.mark.parametrize("spacing_px", [6.5, 7.0, 7.5])
def test_staves_are_found_if_they_are_a_little_smaller_or_larger(printed, spacing_px):
    truth, _ = printed
    strip = np.full((160, 200), 255, np.uint8)
    for middle in (45, 118):
        strip[[round(middle + k * spacing_px) for k in range(-2, 3)]] = 0
    strip[round(118 - 3 * spacing_px), :90] = 0  # a slur along the staff
    system = replace(truth.systems, **{name: column[:1] for name, column in vars(truth.systems).items()})
    (rows,) = staff_rows(strip, replace(system, strip_right_px=np.array([200.0])), np.array([2]))
    assert rows == pytest.approx([45.5, 118.5], abs=1)
