"""Corrected layouts: what is stored, and what is refused."""

import copy
import json
import threading
from types import SimpleNamespace

import pytest

from standpartner.errors import ConfigError, ScoreError
from standpartner.live.scores.corrections import corrected
from standpartner.live.scores.pages import in_order
from standpartner.live.scores.reading import ScoreReader, corrected_layout, next_layout, read_folder
from standpartner.live.scores.views import score_view
from tests.live.conftest import SCORE


@pytest.fixture
def record(library):
    """The made score with a layout, its pages shown in the order 3, 1, 2."""
    box = {"left_px": 50, "top_px": 100, "right_px": 450, "bottom_px": 200, "staves": 2, "barlines_px": [250, 450]}
    pages = [
        {"width_px": 500, "height_px": 600, "file": f"{page}.png", "picture": 1, "part": 2, "systems": [dict(box)]}
        for page in (1, 2, 3)
    ]
    folder = read_folder(library, library.score(SCORE))
    (folder / "layout.json").write_text(json.dumps({"pages": pages}))
    library.change_score(SCORE, page_order=[3, 1, 2])
    return library.score(SCORE)


def stored(library):
    return json.loads(next_layout(library, SCORE).read_text())["pages"]


def read_now(library):
    """Read the made score again, and wait until that has succeeded or failed."""
    done = threading.Event()
    reader = ScoreReader(library, max_pages=9, changed=lambda score: done.set())  # its state says that it waits
    assert done.wait(60)
    reader.close()


def test_pages_are_corrected_in_the_order_shown_and_stored_as_they_were_read(library, record):
    layout = score_view(library, record)["layout"]
    assert [page["file"] for page in layout["pages"]] == ["3.png", "1.png", "2.png"]
    layout["pages"][0]["systems"][0]["barlines_px"] = [150, 300, 450]
    layout["pages"][1]["file"] = "../other.png"
    del layout["pages"][2]["part"]
    corrected(library, record, layout)
    assert [page["file"] for page in stored(library)] == ["1.png", "2.png", "3.png"]
    assert [page["part"] for page in stored(library)] == [2, 2, 2]
    assert [len(page["systems"][0]["barlines_px"]) for page in stored(library)] == [2, 2, 3]
    assert (library.score(SCORE).state, library.score(SCORE).page_order) == ("reading", [3, 1, 2])


def test_a_page_without_systems_leaves_the_order_once_it_is_read(library, record, score, monkeypatch):
    layout = score_view(library, record)["layout"]
    layout["pages"][1]["systems"] = []  # page 1 of the files
    corrected(library, record, layout)
    assert library.score(SCORE).page_order == [3, 1, 2]
    read = SimpleNamespace(score=in_order(score, [1, 2]), pages=[])
    monkeypatch.setattr("standpartner.live.scores.reading.read_print", lambda *_, **__: read)
    monkeypatch.setattr("standpartner.live.scores.reading.layout_text", lambda pages: "{}")
    read_now(library)
    assert (library.score(SCORE).state, library.score(SCORE).page_order) == ("ready", [2, 1])
    assert corrected_layout(library, SCORE).is_file()
    assert not next_layout(library, SCORE).exists()


def test_corrections_that_cannot_be_read_leave_the_earlier_ones(library, record):
    corrected_layout(library, SCORE).write_text("earlier")
    layout = score_view(library, record)["layout"]
    layout["pages"][1]["systems"] = []
    corrected(library, record, layout)
    read_now(library)  # its only file is not 1.png
    after = library.score(SCORE)
    assert (after.state, after.page_order, after.revision) == ("ready", [3, 1, 2], record.revision)
    assert "1.png, which is not among the files" in after.sentence
    assert corrected_layout(library, SCORE).read_text() == "earlier"
    assert not next_layout(library, SCORE).exists()


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda layout: layout["pages"].pop(), ScoreError, "3 of them as before"),
        (lambda layout: layout["pages"].__setitem__(0, 7), ScoreError, "each page of the layout to be an object"),
        (lambda layout: layout["pages"][0]["systems"][0].update(left_px=-1), ScoreError, "box of system 1 on page"),
        (lambda layout: [page.update(systems=[]) for page in layout["pages"]], ScoreError, "a system on one page"),
        (lambda layout: layout.clear(), ScoreError, 'a layout with "pages"'),
    ],
)
def test_a_layout_that_cannot_be_is_refused_and_nothing_is_stored(library, record, change, error, words):
    layout = copy.deepcopy(score_view(library, record)["layout"])
    change(layout)
    with pytest.raises(error, match=words):
        corrected(library, record, layout)
    assert not next_layout(library, SCORE).exists()
    assert library.score(SCORE).state == "ready"


def test_a_score_without_layout_cannot_be_corrected(library):
    with pytest.raises(ConfigError, match="only a printed score that is ready"):
        corrected(library, library.score(SCORE), {"pages": []})
