import json

import numpy as np
import pytest
from PIL import Image as PilImage

from standpartner.demo.bundled import load_canon
from standpartner.errors import ScoreError
from standpartner.score import PrintOptions, read_print, read_score
from standpartner.score.print.layout import layout_text, read_layout
from standpartner.score.print.overlay import write_reading

STAVES = [1] * 8


@pytest.fixture(scope="module")
def piano(tmp_path_factory):
    """A piano piece as engraved, and its pages as pictures in a folder."""
    folder = tmp_path_factory.mktemp("piano")
    bars = "\n".join(f'<measure number="{k}">{_measure()}</measure>' for k in range(1, 25))
    path = folder / "piano.musicxml"
    path.write_text(
        '<score-partwise version="3.1"><part-list><score-part id="P1"><part-name>Piano</part-name></score-part>'
        f'</part-list><part id="P1">{bars}</part></score-partwise>'
    )
    score = read_score(path)
    pages = folder / "pages"
    pages.mkdir()
    for number, page in enumerate(score.pages):
        PilImage.fromarray(page).save(pages / f"{number}.png")
    return score, pages


def _measure():
    head = (
        "<attributes><divisions>1</divisions><key><fifths>1</fifths></key><time><beats>4</beats><beat-type>4</beat-type>"
        '</time><staves>2</staves><clef number="1"><sign>G</sign><line>2</line></clef><clef number="2"><sign>F</sign>'
        "<line>4</line></clef></attributes>"
    )
    upper = "".join(_note(step, octave, 1) for step, octave in (("C", 5), ("E", 5), ("G", 5), ("B", 4)))
    lower = "".join(_note(step, octave, 2) for step, octave in (("C", 3), ("G", 3), ("E", 3), ("G", 3)))
    return f"{head}{upper}<backup><duration>4</duration></backup>{lower}"


def _note(step, octave, staff):
    return (
        f"<note><pitch><step>{step}</step><octave>{octave}</octave></pitch><duration>1</duration><voice>{staff}</voice>"
        f"<type>quarter</type><staff>{staff}</staff></note>"
    )


def bars_by_system(score):
    return np.bincount(score.bars.system, minlength=len(score.systems)).tolist()


def test_systems_and_bars_are_those_that_were_engraved(piano):
    engraved, pages = piano
    reading = read_print([pages])
    assert bars_by_system(reading.score) == bars_by_system(engraved)
    assert reading.score.systems.staves.tolist() == [2] * len(engraved.systems)
    assert reading.score.systems.doubt.max() < 0.1
    assert reading.score.bars.doubt.max() < 0.1


def test_the_strip_is_that_of_the_engraver_within_two_px(piano):
    engraved, pages = piano
    score = read_print([pages]).score
    assert abs(score.width_px - engraved.width_px) < 2 * len(engraved.systems)
    heads = engraved.noteheads.x_px
    system = engraved.place(heads).system
    within = heads - engraved.systems.strip_left_px[system]
    own = (score.systems.strip_left_px[system] + within).astype(int)
    rows = np.clip(engraved.noteheads.y_px, 1, 158).astype(int)
    dark = [score.strip[y - 1 : y + 2, x - 2 : x + 3].min() < 128 for x, y in zip(own, rows, strict=True)]
    assert all(dark)


def test_the_final_barline_ends_the_music(piano):
    engraved, pages = piano
    score = read_print([pages]).score
    assert score.end_px > score.width_px - 10
    assert abs(score.begin_px - engraved.begin_px) < 30


def test_the_music_begins_in_the_first_bar_where_its_heads_are_hollow():
    score = read_print([load_canon().score]).score
    assert 40 < score.begin_px < score.bars.strip_right_px[0]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_pages_are_turned_upright(piano, tmp_path, turns):
    engraved, pages = piano
    for file in sorted(pages.iterdir()):
        PilImage.open(file).rotate(90 * turns, expand=True).save(tmp_path / file.name)
    assert bars_by_system(read_print([tmp_path]).score) == bars_by_system(engraved)


def test_a_pdf_and_its_pages_say_the_same(menuet, menuet_pdf):
    score = read_print([menuet_pdf]).score
    assert score.title == "menuet"
    assert len(score.pages) == 2
    assert score.systems.staves.tolist() == STAVES
    assert bars_by_system(score) == bars_by_system(menuet)
    assert read_score(menuet_pdf).strip.shape == score.strip.shape


def test_a_machine_with_many_processors_has_memory_for_the_pages(menuet, menuet_pdf, monkeypatch):
    monkeypatch.setenv("OPENCV_FOR_THREADS_NUM", "256")
    assert bars_by_system(read_print([menuet_pdf]).score) == bars_by_system(menuet)


def test_bars_are_numbered_from_where_one_is_told(piano):
    _, pages = piano
    score = read_print([pages], PrintOptions(first_measure=101)).score
    assert score.bars.label[0] == "101"
    assert score.bars.label[-1] == str(100 + len(score.bars))


def test_a_corrected_layout_is_taken_as_it_is(piano, tmp_path):
    _, pages = piano
    reading = read_print([pages])
    write_reading(reading, tmp_path)
    assert {file.name for file in tmp_path.iterdir()} >= {"layout.json", "strip.png", "page-001.png"}
    data = json.loads((tmp_path / "layout.json").read_text())
    systems = data["pages"][0]["systems"]
    del systems[1]
    first = systems[0]
    first["barlines_px"] = [(first["left_px"] + first["right_px"]) / 2, first["right_px"]]
    first["bars"] = 2
    layout = tmp_path / "mine.json"
    layout.write_text(json.dumps(data))
    corrected = read_print([pages], PrintOptions(layout=layout)).score
    assert len(corrected.systems) == len(reading.score.systems) - 1
    assert bars_by_system(corrected)[0] == 2
    assert corrected.bars.doubt[:2].tolist() == [0, 0]
    data["pages"][0]["file"] = "renamed.png"
    layout.write_text(json.dumps(data))
    with pytest.raises(ScoreError, match=r"mine.json speaks of renamed.png, which is not among the files"):
        read_print([pages], PrintOptions(layout=layout))


@pytest.mark.parametrize(
    ("staves", "told", "followed"),
    [
        (3, [0, 1], (0, 1)),
        (3, [1, 2], (1, 2)),
        (3, None, (1, 2)),
        (2, [1, 2], (0, 1)),
        (1, [0, 0], (0, 0)),
        (3, [0, 2], (1, 2)),
    ],
)
def test_a_layout_tells_which_staves_are_followed(tmp_path, staves, told, followed):
    box = {"left_px": 0, "top_px": 0, "right_px": 90, "bottom_px": 90, "staves": staves, "followed": told}
    path = tmp_path / "layout.json"
    path.write_text(json.dumps({"pages": [{"width_px": 100, "height_px": 100, "systems": [box]}]}))
    (page,) = read_layout(path)
    assert page["systems"][0]["followed"] == followed


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"right_px": -5}, "The box of system 1 on page 1"),
        ({"staves": 0}, "must be a whole number from 1 to 40"),
        ({"bars": 7}, "give one for each bar"),
        ({"barlines_px": [1e12]}, "must be increasing numbers"),
        ({"left_px": "here"}, "must be a number"),
        ({"bottom_px": 10.1}, r"is 0\.1 px high, too low for \"staves\": 1"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(tmp_path, piano, change, words):
    _, pages = piano
    system = {"left_px": 10, "top_px": 10, "right_px": 100, "bottom_px": 50, "staves": 1, "barlines_px": [50, 100]}
    layout = tmp_path / "layout.json"
    layout.write_text(json.dumps({"pages": [{"width_px": 200, "height_px": 100, "systems": [system | change]}]}))
    with pytest.raises(ScoreError, match=words):
        read_print([pages], PrintOptions(layout=layout))


def layout_of(tmp_path, **page):
    box = {"left_px": 0, "top_px": 0, "right_px": 90, "bottom_px": 90}
    path = tmp_path / "layout.json"
    data = {"pages": [{"width_px": 100, "height_px": 100, "systems": [box], **page}]}
    path.write_text(json.dumps(data), encoding="utf-8-sig")  # as Notepad saves it
    return path


def test_a_layout_tells_its_pages_by_whole_numbers(tmp_path):
    (page,) = read_layout(layout_of(tmp_path, picture=2))
    assert (page["picture"], page["part"]) == (2, None)
    for wrong in ({"picture": "1"}, {"picture": None}, {"part": 0}):
        with pytest.raises(ScoreError, match=r"of page 1 of layout\.json must be a whole number from 1"):
            read_layout(layout_of(tmp_path, **wrong))


def test_of_two_pages_side_by_side_a_layout_may_leave_one_out(menuet, tmp_path):
    path = tmp_path / "open.png"
    PilImage.fromarray(np.concatenate(menuet.pages, axis=1)).save(path)
    _, right = read_print([path]).pages
    layout = tmp_path / "layout.json"
    layout.write_text(layout_text([right]))
    (page,) = read_print([path], PrintOptions(layout=layout)).pages
    assert page.part == 2
    assert [system.corners[0] for system in page.systems] == [system.corners[0] for system in right.systems]


def test_a_layout_of_a_page_that_is_not_there_is_refused(tmp_path):
    PilImage.new("L", (100, 100), 255).save(tmp_path / "page.png")
    options = PrintOptions(layout=layout_of(tmp_path, picture=2))
    with pytest.raises(ScoreError, match=r"speaks of page 2 of page\.png, but it has 1"):
        read_print([tmp_path / "page.png"], options)


def test_files_of_one_name_are_not_mixed_up_by_a_layout(tmp_path):
    files = [tmp_path / folder / "page.png" for folder in "ab"]
    for file in files:
        file.parent.mkdir()
        PilImage.new("L", (100, 100), 255).save(file)
    with pytest.raises(ScoreError, match=r"Several files are called page\.png"):
        read_print(files, PrintOptions(layout=layout_of(tmp_path)))


def test_pictures_without_staves_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    PilImage.fromarray(rng.integers(0, 255, (600, 400), dtype=np.uint8)).save(tmp_path / "cat.png")
    with pytest.raises(ScoreError, match=r"No staves were found on cat\.png"):
        read_print([tmp_path / "cat.png"])


def test_a_pdf_locked_with_a_password_is_refused(tmp_path):
    path = tmp_path / "locked.pdf"
    path.write_bytes(LOCKED)
    with pytest.raises(ScoreError, match="locked with a password"):
        read_print([path])


LOCKED = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>endobj\n"
    b"4 0 obj<</Filter/Standard/V 1/R 2/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">/P -4>>endobj\n"
    b"trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<41><41>]/Size 5>>\n%%EOF\n"
)


def test_reading_tells_its_progress():
    told: list[int] = []
    reading = read_print([load_canon().score], progress=told.append)
    assert len(reading.pages) == 2
    assert told == sorted(told)
    assert told  # the start of the child process alone takes longer than the time between two calls
    assert set(told) <= {0, 1, 2}
