import json

import pytest
from PIL import Image as PilImage


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


def test_what_shows_no_music_is_refused_in_one_sentence(call, tmp_path):
    PilImage.new("L", (600, 800), 255).save(tmp_path / "blank.png")
    code, _, words = call("read", tmp_path / "blank.png", "--out", tmp_path / "out")
    assert code == 1
    assert words.count("\n") == 1
    assert "No staves were found on blank.png" in words
