"""Music wider or higher than a system: without bar lines, on many staves, with far ledger lines."""

from pathlib import Path

import numpy as np
import pytest

from standpartner.score import MusicChoice, Score, read_scores
from standpartner.score.notation.drawing import UNITS_PER_SPACE, Drawing, DrawnHead
from standpartner.score.notation.pages import rasterise, strip_position

NO_BARS = "**kern\t**kern\n*clefF4\t*clefG2\n" + "4C\t8cc\n.\t8dd\n" * 80 + "*-\t*-\n"
STAFF = "<note><pitch><step>C</step><octave>{}</octave></pitch><duration>1</duration><staff>{}</staff></note>"
SENZA = "<attributes><divisions>1</divisions><time><senza-misura/></time></attributes>"


def musicxml(measure: str) -> str:
    return (
        '<score-partwise><part-list><score-part id="P1"><part-name>Organ</part-name></score-part></part-list>'
        f'<part id="P1"><measure number="1">{measure}</measure></part></score-partwise>'
    )


def organ() -> str:
    """A measure on three staves."""
    staves = "<backup><duration>1</duration></backup>".join(STAFF.format(6 - n, n) for n in (1, 2, 3))
    clefs = "".join(
        f'<clef number="{n}"><sign>{"G" if n == 1 else "F"}</sign><line>{2 if n == 1 else 4}</line></clef>'
        for n in (1, 2, 3)
    )
    return musicxml(f"<attributes><divisions>1</divisions><staves>3</staves>{clefs}</attributes>{staves}")


@pytest.fixture(scope="module")
def engraved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Score]:
    """All cases, engraved by one child process."""
    folder = tmp_path_factory.mktemp("long")
    contents = {
        "free.krn": NO_BARS,
        "free.musicxml": musicxml(SENZA + STAFF.format(5, 1) * 100),
        "organ.musicxml": organ(),
    }
    for name, content in contents.items():
        (folder / name).write_text(content)
    results = dict(zip(contents, read_scores([folder / name for name in contents]), strict=True))
    for name, result in results.items():
        assert isinstance(result, Score), f"{name}: {result}"
    return results


@pytest.mark.parametrize(("name", "onsets", "last"), [("free.krn", 160, 79.5), ("free.musicxml", 100, 99.0)])
def test_music_without_bar_lines_is_laid_out_in_systems(
    engraved: dict[str, Score], name: str, onsets: int, last: float
) -> None:
    score = engraved[name]
    assert len(score.systems) > 2
    assert len(score.onsets) == onsets
    assert score.onsets.quarter[-1] == pytest.approx(last)
    assert np.median(np.diff(score.onsets.x_px)) > 7  # it was squeezed to less than a notehead


def test_three_staves_fit_on_the_strip(engraved: dict[str, Score]) -> None:
    score = engraved["organ.musicxml"]
    heads = score.noteheads
    assert score.strip.shape[0] == 160
    assert len(heads) == 3
    assert ((heads.y_px > 0) & (heads.y_px < 160)).all()
    for x_px, y_px in zip(heads.x_px, heads.y_px, strict=True):
        assert score.strip[int(y_px), int(x_px) - 2 : int(x_px) + 3].min() < 100  # there is ink
    place = score.place(score.onsets.x_px)
    page = score.pages[0]
    column = page[:, int(place.page_x_px[0]) - 4 : int(place.page_x_px[0]) + 5]
    assert column.min() < 100
    assert score.systems.page_bottom_px[0] - score.systems.page_top_px[0] > 160 * score.page_scale


def test_a_staff_that_rests_in_a_system_is_drawn_all_the_same(tmp_path: Path) -> None:
    rest = '<note><rest measure="yes"/><duration>4</duration></note>'
    note = "<note><pitch><step>C</step><octave>5</octave></pitch><duration>1</duration></note>" * 4
    hidden = '<attributes><divisions>1</divisions><staff-details print-object="no"/></attributes>'
    measures = [
        f'<measure number="{n}">{hidden if n == 1 else ""}{rest if n < 20 else note}</measure>' for n in range(1, 24)
    ]
    other = [f'<measure number="{n}">{note}</measure>' for n in range(1, 24)]
    names = "".join(f'<score-part id="{n}"><part-name>{n}</part-name></score-part>' for n in ("Piano", "Flute", "Oboe"))
    path = tmp_path / "trio.musicxml"
    path.write_text(
        f'<score-partwise><part-list>{names}</part-list><part id="Piano">{"".join(measures)}</part>'
        f'<part id="Flute">{"".join(other)}</part><part id="Oboe">{"".join(other)}</part></score-partwise>'
    )
    (score,) = read_scores([path])
    assert isinstance(score, Score), score
    assert set(score.systems.staves.tolist()) == {1}
    assert len(score.onsets) == 16


def drawing(*, bottom: float, heads: tuple[float, ...] = ()) -> Drawing:
    """A drawn system whose staves reach from 1000 units to ``bottom``, with heads at some y."""
    svg = '<svg width="1" height="1"><svg class="definition-scale" viewBox="0 0 9 9"></svg></svg>'
    drawn = tuple(DrawnHead(str(number), 500.0, y) for number, y in enumerate(heads))
    return Drawing(svg, 2000.0, 9000.0, 100.0, 1900.0, 1000.0, bottom, 1, (), drawn)


@pytest.mark.parametrize(
    ("bottom", "heads", "rows"),
    [
        (1720.0, (1000.0, 1720.0), 160),  # one staff
        (1720.0, (1000.0,) * 9 + (5000.0,), 160),  # one far head of ten
        (1720.0, (1000.0, 5000.0), 165),  # every other head is far
        (5140.0, (1000.0,), 175),  # the staves are 161 px high
    ],
)
def test_a_system_is_scaled_down_only_where_it_does_not_fit(bottom: float, heads: tuple[float, ...], rows: int) -> None:
    drawn = drawing(bottom=bottom, heads=heads)
    image = rasterise(drawn)
    assert image.rows == rows
    assert image.on_strip().shape == (160, image.strip_width)
    left, top = strip_position(drawn, image, drawn.left, drawn.top)
    right, low = strip_position(drawn, image, drawn.right, drawn.top + UNITS_PER_SPACE)
    assert (left, right) == (0, image.strip_width)
    assert low - top == pytest.approx(7 * 160 / rows)


def test_all_parts_of_a_quartet_are_one_system(tmp_path: Path) -> None:
    parts = "".join(f'<score-part id="P{n}"><part-name>Viol {n}</part-name></score-part>' for n in range(4))
    note = "<note><pitch><step>C</step><octave>5</octave></pitch><duration>4</duration></note>"
    music = "".join(
        f'<part id="P{n}"><measure number="1"><attributes><divisions>1</divisions></attributes>{note}</measure></part>'
        for n in range(4)
    )
    path = tmp_path / "quartet.musicxml"
    path.write_text(f"<score-partwise><part-list>{parts}</part-list>{music}</score-partwise>")
    (score,) = read_scores([path], choice=MusicChoice(part="all"))
    assert isinstance(score, Score)
    assert score.systems.staves.tolist() == [4]
    assert ((score.noteheads.y_px > 0) & (score.noteheads.y_px < 160)).all()
