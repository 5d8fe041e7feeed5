"""The library, the layout editor and the takes, in a real browser."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.live.web.page.conftest import Served, until
from tests.live.web.page.pretend_server import PretendServer, position

pytestmark = pytest.mark.needs("browser")
Open = Callable[..., Served]
SCORE = "GET /api/scores/k3v9x2"


def asked(server: PretendServer, start: str) -> list[Any]:
    return [body for key, body in server.asked if key.startswith(start)]


def test_scores_are_shown_searched_renamed_and_deleted(open_page: Open) -> None:
    page, server = open_page("")
    expect(page.locator(".card .title")).to_have_text(server.score["title"])
    page.get_by_role("button", name="More for").click()
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="What is it called?").fill("Another name")
    page.keyboard.press("Enter")
    page.wait_for_function("!document.querySelector('dialog[open]')")
    until(page, lambda: asked(server, "PATCH"))
    assert asked(server, "PATCH") == [{"title": "Another name"}]
    server.answers["DELETE /api/scores/k3v9x2"] = {}
    page.get_by_role("button", name="More for").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Keep").click()
    assert asked(server, "DELETE") == []
    page.get_by_role("button", name="More for").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    until(page, lambda: asked(server, "DELETE"))
    assert len(asked(server, "DELETE")) == 1


@pytest.mark.slow
def test_reading_shows_its_progress_and_failures_their_sentence(open_page: Open) -> None:
    page, server = open_page("")
    short = server.answers["GET /api/scores"]["scores"][0]
    server.answers["GET /api/scores"] = {
        "scores": [
            {**short, "id": "a", "state": "reading", "progress": {"pages_read": 1, "pages": 4}},
            {**short, "id": "b", "state": "failed", "sentence": "No staff was found."},
        ]
    }
    page.get_by_role("searchbox").fill("x")
    expect(page.get_by_text("reading page 2 of 4")).to_be_visible()
    assert page.locator("progress").evaluate("bar => bar.value / bar.max") == 0.25
    expect(page.get_by_role("alert")).to_have_text("No staff was found.")


@pytest.mark.slow
def test_files_are_sent_in_order_and_a_recording_is_not_taken_for_a_score(open_page: Open, tmp_path: Path) -> None:
    page, server = open_page("")
    page.wait_for_selector(".card")
    server.answers["POST /api/scores"] = {"id": "new"}
    for name in ("page-1.png", "page-2.png", "sound.wav"):
        (tmp_path / name).write_bytes(b"bytes of " + name.encode())
    page.set_input_files("#chooser", [tmp_path / "page-1.png", tmp_path / "page-2.png"])
    until(page, lambda: asked(server, "POST"))
    (sent,) = asked(server, "POST")
    assert sent.index("page-1.png") < sent.index("page-2.png")
    page.set_input_files("#chooser", [tmp_path / "sound.wav"])
    expect(page.get_by_role("alert")).to_contain_text("This is a recording")
    assert len(asked(server, "POST")) == 1


@pytest.mark.slow
def test_a_server_that_is_gone_is_told_in_a_sentence(open_page: Open) -> None:
    page, server = open_page("")
    page.wait_for_selector(".card")
    server.answers.pop("GET /api/scores")
    page.get_by_role("searchbox").fill("x")
    expect(page.get_by_role("alert")).to_contain_text("pretended server has no")


def wait_for_sheet(page: Page) -> None:
    """Wait until all pictures are there, so that nothing moves any more."""
    page.wait_for_selector(".overlay .system")
    page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    page.wait_for_timeout(100)


def overlay(page: Page, x: float, y: float) -> tuple[float, float]:
    """The point of the screen at a place of the page, in shares."""
    box = page.locator(".overlay").bounding_box()
    assert box
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def place_in(server: PretendServer, system: int, along: float) -> tuple[float, float]:
    box, size = server.score["systems"][system - 1], server.score["pages"][0]
    x = box["left_px"] + along * (box["right_px"] - box["left_px"])
    return x / size["width_px"], (box["top_px"] + box["bottom_px"]) / 2 / size["height_px"]


def saved(page: Page, server: PretendServer) -> dict[str, Any]:
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    layout = asked(server, "PUT")[-1]
    assert isinstance(layout, dict)
    return layout


def test_barlines_are_added_dragged_and_removed_by_hand(open_page: Open) -> None:
    page, server = open_page("#/edit/k3v9x2", size=(1000, 1500))
    wait_for_sheet(page)
    before = server.score["layout"]["pages"][0]["systems"][0]["barlines_px"]
    width = server.score["pages"][0]["width_px"]
    page.get_by_role("button", name="Add barlines").click()
    middle_px = (before[0] + before[1]) / 2
    page.mouse.click(*overlay(page, middle_px / width, place_in(server, 1, 0)[1]))
    page.get_by_role("button", name="Move", exact=True).click()
    page.mouse.move(*overlay(page, before[2] / width, place_in(server, 1, 0)[1]))
    page.mouse.down()
    page.mouse.move(*overlay(page, before[2] / width + 0.01, place_in(server, 1, 0)[1]), steps=3)
    page.mouse.up()
    page.get_by_role("button", name="Barline 1 of system 1").focus()
    page.keyboard.press("Delete")
    systems = saved(page, server)["pages"][0]["systems"]
    assert systems[0]["barlines_px"] == pytest.approx(
        [middle_px, before[1], before[2] + 0.01 * width, *before[3:]], abs=4
    )
    assert systems[0]["bars"] == len(before)
    assert systems[1] == server.score["layout"]["pages"][0]["systems"][1]


@pytest.mark.slow
def test_a_system_is_drawn_and_another_removed_and_steps_are_undone(open_page: Open) -> None:
    page, server = open_page("#/edit/k3v9x2", size=(1000, 1500))
    wait_for_sheet(page)
    count = page.locator(".overlay .system").count()
    page.mouse.click(*overlay(page, *place_in(server, 2, 0.05)))
    page.get_by_role("button", name="Remove system").click()
    expect(page.locator(".overlay .system")).to_have_count(count - 1)
    page.keyboard.press("Control+z")
    expect(page.locator(".overlay .system")).to_have_count(count)
    page.keyboard.press("Control+y")
    page.get_by_role("button", name="Add system").click()
    page.mouse.move(*overlay(page, 0.1, 0.93))
    page.mouse.down()
    page.mouse.move(*overlay(page, 0.8, 0.97), steps=3)
    page.mouse.up()
    expect(page.locator(".overlay .system")).to_have_count(count)
    systems = saved(page, server)["pages"][0]["systems"]
    assert systems[-1]["barlines_px"] == [systems[-1]["right_px"]]
    assert systems[-1]["right_px"] == pytest.approx(0.8 * server.score["pages"][0]["width_px"], abs=5)


@pytest.mark.slow
def test_what_is_doubtful_is_shown_first_and_can_be_confirmed(open_page: Open) -> None:
    page, server = open_page("#/edit/k3v9x2", doubtful_system=7, size=(1000, 1500))
    expect(page.locator(".overlay .system.doubtful")).to_have_count(1)  # on page 2
    expect(page.get_by_role("button", name="1 doubtful")).to_be_enabled()
    page.get_by_role("button", name="It is right").click()
    expect(page.get_by_role("button", name="nothing doubtful")).to_be_disabled()
    saved(page, server)


@pytest.mark.slow
def test_pages_are_put_in_another_order(open_page: Open) -> None:
    page, server = open_page("#/edit/k3v9x2", size=(1000, 1500))
    page.get_by_role("button", name="Move this page back").click()
    layout = saved(page, server)
    assert asked(server, "PATCH") == [{"page_order": [2, 1]}]
    assert [each["picture"] for each in layout["pages"]] == [2, 1]


@pytest.mark.slow
def test_corrections_are_not_left_unsaved_by_mistake(open_page: Open) -> None:
    page, server = open_page("#/edit/k3v9x2", size=(1000, 1500))
    wait_for_sheet(page)
    page.mouse.click(*overlay(page, *place_in(server, 2, 0.05)))
    page.keyboard.press("Delete")
    page.get_by_role("button", name="To the library").click()
    page.get_by_role("button", name="Stay").click()
    expect(page.locator(".editor")).to_be_visible()


def remove_barline(page: Page) -> None:
    page.get_by_role("button", name="Barline 1 of system 1").focus()
    page.keyboard.press("Delete")


@pytest.mark.slow
@pytest.mark.parametrize("away", [
    lambda page: page.get_by_role("link", name="Play").click(),
    lambda page: page.evaluate("history.back()"),
], ids=["play", "back"])  # fmt: skip
def test_unsaved_corrections_are_asked_about_on_every_way_out(open_page: Open, away: Callable[[Page], None]) -> None:
    page, _ = open_page("")
    page.get_by_role("button", name="Check the layout").click()
    wait_for_sheet(page)
    count = page.locator(".overlay .barline").count()
    remove_barline(page)
    away(page)
    page.get_by_role("button", name="Stay").click()
    page.wait_for_function("location.hash === '#/edit/k3v9x2'")
    expect(page.locator(".overlay .barline")).to_have_count(count - 1)
    away(page)
    page.get_by_role("button", name="Leave", exact=True).click()
    expect(page.locator(".editor")).to_have_count(0)


def test_corrections_that_cannot_be_read_are_told_and_kept(open_page: Open) -> None:
    page, server = open_page("#/edit/k3v9x2", size=(1000, 1500))
    wait_for_sheet(page)
    remove_barline(page)
    count = page.locator(".overlay .barline").count()
    failed = {**server.score, "sentence": "Make room on the disk."}  # its pictures are the old ones
    server.answers["PUT /api/scores/k3v9x2/layout"] = lambda: server.answers.update({SCORE: failed})
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Make room on the disk.")
    expect(page.get_by_role("status").filter(has_text="Saved")).to_have_count(0)
    expect(page.locator(".overlay .barline")).to_have_count(count)
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    server.answers["PUT /api/scores/k3v9x2/layout"] = server.read_again
    saved(page, server)


@pytest.mark.slow
def test_nothing_is_edited_while_corrections_are_saved(open_page: Open) -> None:
    page, server = open_page("#/edit/k3v9x2", size=(1000, 1500))
    wait_for_sheet(page)
    remove_barline(page)
    count = page.locator(".overlay .barline").count()
    reading = {**server.score, "state": "reading"}
    server.answers["PUT /api/scores/k3v9x2/layout"] = lambda: server.answers.update({SCORE: reading})
    page.get_by_role("button", name="Save").click()
    until(page, lambda: asked(server, "PUT"))
    page.keyboard.press("Control+z")
    page.mouse.click(*overlay(page, *place_in(server, 2, 0.05)))
    page.keyboard.press("Delete")
    expect(page.locator(".overlay .barline")).to_have_count(count)
    server.read_again()
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    remove_barline(page)
    expect(page.get_by_role("button", name="Save")).to_be_enabled()


def take_of(server: PretendServer) -> dict[str, Any]:
    bars = [
        {"bar": k, "measure": k, "pass": 1, "start_s": k - 1.0, "end_s": float(k), "tempo": 1.0 + 0.1 * (k % 3)}
        for k in range(1, 9)
    ]
    positions = [{**position(server.score, 1, 0.1 * k), "time_s": 0.5 * k, "type": None} for k in range(10)]
    return {
        "id": "t1", "score": "k3v9x2", "title": "Study", "state": "saved", "sentence": "", "started_s": 1795880100.0,
        "duration_s": 8.0, "finished": False, "jumps": 1, "lost_share": 0.1, "has_audio": False, "positions": positions,
        "bars": bars, "lost": [{"from_s": 3.0, "to_s": 3.8, "bar": 4}],
        "repeated": [{"at_s": 5.0, "from_bar": 5, "to_bar": 2}],
    }  # fmt: skip


# Where the cursor is on its page, from left to right.
CURSOR = """(() => {
  const cursor = document.querySelector('.cursor.here'), paper = cursor?.closest('.paper').getBoundingClientRect();
  return cursor ? (cursor.getBoundingClientRect().x - paper.x) / paper.width : NaN;
})()"""


def test_a_take_shows_its_tempo_its_repeats_and_plays_back(open_page: Open) -> None:
    page, server = open_page("#/takes/k3v9x2")
    expect(page.get_by_text("No takes yet")).to_be_visible()
    server.answers["GET /api/takes/t1.json"] = take_of(server)
    page.evaluate("location.hash = '#/take/t1'")
    page.wait_for_selector(".tempo .curve")
    expect(page.get_by_text("from bar 5 back to bar 2")).to_be_visible()
    expect(page.get_by_text("0.8 s in bar 4")).to_be_visible()
    assert "Slowest in bar 3, 100 percent" in page.get_by_role("img", name="Tempo by bar").get_attribute("aria-label")
    places = [link.get_attribute("href") for link in page.locator(".exports a").all()]
    assert places == [f"/api/takes/t1.{kind}" for kind in ("bars.csv", "csv", "json", "html")]
    page.get_by_role("button", name="from bar 5 back").click()
    page.wait_for_function(f"{CURSOR} > 0.6")
    page.get_by_role("slider", name="Time").fill("1")
    page.wait_for_function(f"{CURSOR} < 0.4")
    page.keyboard.press("Escape")
    page.locator(".round").click()
    until(page, lambda: float(page.get_by_role("slider", name="Time").input_value()) > 1.8)


@pytest.mark.slow
def test_a_recording_is_followed_and_its_take_shown(open_page: Open, tmp_path: Path) -> None:
    page, server = open_page("#/takes/k3v9x2")
    page.wait_for_selector(".record")
    server.answers["POST /api/scores/k3v9x2/recordings"] = {"take": "t1"}
    server.answers["GET /api/takes/t1.json"] = {**take_of(server), "state": "following"}
    (tmp_path / "sound.wav").write_bytes(b"RIFF")
    page.set_input_files("input[type=file]", tmp_path / "sound.wav")
    expect(page.get_by_text("The recording is being followed")).to_be_visible()
    server.answers["GET /api/takes/t1.json"] = take_of(server)
    page.wait_for_selector(".tempo .curve")
    assert 'name="keep_audio"' in asked(server, "POST")[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "words"), [({"state": "failed", "sentence": "It is no sound."}, "It is no sound."), (None, "has no GET")]
)
def test_a_recording_that_cannot_be_followed_is_told_in_its_place(
    open_page: Open, answer: dict[str, str] | None, words: str
) -> None:
    page, server = open_page("#/takes/k3v9x2")
    server.answers["GET /api/takes/t1.json"] = {**take_of(server), "state": "following"}
    page.evaluate("location.hash = '#/take/t1'")
    expect(page.get_by_text("The recording is being followed")).to_be_visible()
    if answer is None:
        del server.answers["GET /api/takes/t1.json"]
    else:
        server.answers["GET /api/takes/t1.json"] = {**take_of(server), **answer}
    expect(page.locator(".record")).to_contain_text(words)
    expect(page.get_by_text("The recording is being followed")).to_have_count(0)
    expect(page.get_by_role("progressbar")).to_have_count(0)


@pytest.mark.slow
def test_other_devices_are_given_an_address(open_page: Open) -> None:
    page, server = open_page("")
    server.answers["GET /api/server"] = {"addresses": ["http://192.168.1.5:8765/?token=abc"]}
    page.get_by_role("button", name="Show on other devices").click()
    expect(page.get_by_text("http://192.168.1.5:8765/?token=abc#/show")).to_be_visible()


@pytest.mark.slow
def test_colours_can_be_chosen(open_page: Open) -> None:
    page, _ = open_page("")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Colours").click()
    assert page.evaluate(background) != light
    assert json.loads(page.evaluate("localStorage.standpartner"))["theme"] == "dark"
