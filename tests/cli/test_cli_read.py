import json

import pytest
from PIL import Image as PilImage

from standpartner.demo.bundled import load_canon, load_menuet
from standpartner.piece import load_piece

CANON = load_canon().score
NOTATION = CANON.with_suffix(".krn")


@pytest.fixture
def page(menuet, tmp_path):
    path = tmp_path / "page.png"
    PilImage.fromarray(menuet.pages[1]).save(path)
    return path


def test_read_writes_pages_strip_and_layout(call, page, tmp_path):
    out = tmp_path / "out"
    code, said, _ = call("read", page, "--out", out, "--first-measure", 41)
    assert code == 0
    assert said.startswith("1 page, 2 systems")
    assert {file.name for file in out.iterdir()} == {"page-001.png", "strip.png", "layout.json"}
    layout = json.loads((out / "layout.json").read_text())
    (shown,) = layout["pages"]
    for system in shown["systems"]:
        assert 0 <= system["left_px"] < system["right_px"] <= shown["width_px"]
        assert 0 <= system["top_px"] < system["bottom_px"] <= shown["height_px"]
        assert system["staves"] == 1
        assert len(system["barlines_px"]) == system["bars"]
        assert 0 <= system["doubt"] <= 1


def test_a_layout_is_given_back(call, page, tmp_path):
    call("read", page, "--out", tmp_path / "one")
    layout = tmp_path / "one" / "layout.json"
    data = json.loads(layout.read_text())
    data["pages"][0]["systems"].pop()
    layout.write_text(json.dumps(data))
    code, said, _ = call("read", page, "--out", tmp_path / "two", "--layout", layout)
    assert code == 0
    assert said.startswith("1 page, 1 system,")


@pytest.mark.parametrize("name", ["page-001.png", "strip.png", "overlay.png"])
@pytest.mark.parametrize("with_layout", [False, True])
def test_pictures_that_are_to_be_read_are_not_replaced(call, page, tmp_path, with_layout, name):
    scans = tmp_path / "scans"
    scans.mkdir()
    scan = page.rename(scans / name)
    before = scan.read_bytes()
    if with_layout:
        (scans / "layout.json").write_text("{}")
    code, _, words = call("read", scans, "--out", scans)
    assert (code, scan.read_bytes()) == (1, before)
    assert "would be replaced" in words


def test_what_shows_no_music_is_refused_in_one_sentence(call, tmp_path):
    PilImage.new("L", (600, 800), 255).save(tmp_path / "blank.png")
    code, _, words = call("read", tmp_path / "blank.png", "--out", tmp_path / "out")
    assert code == 1
    assert words.count("\n") == 1
    assert "No staves were found on blank.png" in words


def test_pages_are_joined_to_their_notation(call, tmp_path):
    out = tmp_path / "out"
    code, said, _ = call("read", CANON, "--notation", NOTATION, "--out", out)
    assert code == 0
    assert said.splitlines() == [
        f"2 pages, 9 systems, 37 bars -> {out}",
        "Joined to canon.krn: 37 measures, 259 onsets.",
    ]
    assert {"overlay.png", "onsets.json", "layout.json"} <= {file.name for file in out.iterdir()}
    onsets = json.loads((out / "onsets.json").read_text())
    assert len(onsets) == 259
    assert onsets[-1]["measure"] == 37


def test_notation_of_other_music_is_refused_in_one_sentence(call, tmp_path):
    code, _, words = call("read", CANON, "--notation", load_menuet().score, "--out", tmp_path)
    assert (code, words.count("\n")) == (1, 1)
    assert "is on 1 staff, but 2 staves of canon are followed" in words
    for wrong, sentence in (
        (("--notation", CANON), "canon.pdf is a picture, but --notation takes the notation file"),
        (("--notation", NOTATION, "--first-measure", 3), "leave out --first-measure"),
    ):
        assert sentence in call("read", CANON, *wrong, "--out", tmp_path)[2]


def test_a_piece_is_made_of_pages_with_their_notation(call, tmp_path):
    canon = load_canon()
    notes = load_notation_onsets(tmp_path, call)
    beats = tmp_path / "beats.txt"
    first = {}
    for row, second in zip(notes, canon.onset_s, strict=True):
        first.setdefault(row["measure"], second)
    beats.write_text("".join(f"{second:.3f} {measure}\n" for measure, second in first.items()))
    words = ("piece", "add", CANON, canon.recording, "--beats", beats, "--out", tmp_path / "piece")
    assert "needs the notes of the score" in call(*words)[2]
    code, said, _ = call(*words, "--notation", NOTATION)
    assert code == 0
    assert "Joined to canon.krn" in said
    piece = load_piece(tmp_path / "piece")
    assert piece.score.has_notation
    assert len(piece.score.pages) == 2


def load_notation_onsets(tmp_path, call):
    call("engrave", NOTATION, "--out", tmp_path / "engraved")
    return json.loads((tmp_path / "engraved" / "onsets.json").read_text())


def test_engrave_names_read_for_printed_pages(call, tmp_path):
    code, _, words = call("engrave", CANON, "--out", tmp_path / "out")
    assert (code, words.count("\n")) == (1, 1)
    assert "canon.pdf is printed already; standpartner read shows" in words
    assert not (tmp_path / "out").exists()


def test_playing_a_picture_is_refused_in_one_sentence(call):
    code, _, words = call("play", CANON, "--no-browser")
    assert (code, words.count("\n")) == (1, 1)
    assert "standpartner piece add" in words
