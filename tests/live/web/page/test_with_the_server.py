"""The page and the real server together, without sound: corrections, links, recordings, the library over a restart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from standpartner.demo.bundled import load_canon
from tests.live.web.page.conftest import until
from tests.live.web.page.running_server import RunningServer, add_score, new_page

pytestmark = [pytest.mark.needs("browser"), pytest.mark.slow]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with RunningServer(tmp_path / "library") as started:
        yield started


@pytest.fixture
def page(server: RunningServer, chromium: Browser) -> Page:
    opened = new_page(chromium, server.address)
    add_score(opened, load_canon().score)
    return opened


def told(page: Page, server: RunningServer) -> dict[str, Any]:
    """What the server tells of its only score."""
    (short,) = page.request.get(f"{server.address}api/scores").json()["scores"]
    return page.request.get(f"{server.address}api/scores/{short['id']}").json()


def test_a_corrected_layout_and_order_are_kept_over_a_kill(page: Page, server: RunningServer) -> None:
    before = told(page, server)
    page.get_by_role("button", name="Check the layout").click()
    page.wait_for_selector(".overlay .system")
    page.get_by_role("button", name="Barline 1 of system 1").focus()
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Move this page back").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible(timeout=30_000)
    server.kill()
    server.start()
    after = told(page, server)
    assert after["page_order"] == [2, 1]
    assert len(after["bars"]) == len(before["bars"]) - 1
    first_of_old_page = next(bar for bar in after["bars"] if bar["page"] == 2)
    assert first_of_old_page["right_px"] == pytest.approx(before["bars"][1]["right_px"], abs=2)


def test_links_are_kept(page: Page, server: RunningServer) -> None:
    page.click(".card.ready .title")
    page.wait_for_selector(".pane.shown img")
    page.keyboard.press("l")
    for number in (8, 3):
        box = page.locator(".pane.shown .paper").first.bounding_box()
        score = told(page, server)
        bar, size = score["bars"][number - 1], score["pages"][0]
        system = score["systems"][bar["system"] - 1]
        assert box
        page.mouse.click(
            box["x"] + box["width"] * (bar["left_px"] + bar["right_px"]) / 2 / size["width_px"],
            box["y"] + box["height"] * (system["top_px"] + system["bottom_px"]) / 2 / size["height_px"],
        )
    expect(page.get_by_role("status").filter(has_text="Linked")).to_be_visible()
    assert told(page, server)["links"] == [{"from_bar": 8, "to_bar": 3, "times": 1}]
    page.reload()
    page.wait_for_selector(".pane.shown .link")


def test_a_recording_is_followed_shown_and_exported(page: Page, server: RunningServer) -> None:
    page.get_by_role("button", name="Takes of").click()
    page.wait_for_selector(".record")
    page.set_input_files("input[type=file]", load_canon().recording)
    page.wait_for_selector(".tempo .curve", timeout=120_000)
    assert page.locator(".tempo .axis").count() > 20
    for link in page.locator(".exports a").all():
        place = link.get_attribute("href")
        assert page.request.get(f"{server.address.rstrip('/')}{place}").ok
    page.locator(".round").click()
    until(page, lambda: float(page.get_by_role("slider", name="Time").input_value()) > 0.5)


def test_a_score_is_renamed_exported_and_deleted(page: Page, server: RunningServer) -> None:
    page.get_by_role("button", name="More for").click()
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="What is it called?").fill("Canon for two hands")
    page.keyboard.press("Enter")
    expect(page.locator(".card .title")).to_have_text("Canon for two hands")
    page.get_by_role("button", name="More for").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as zip").click()
    assert download.value.path().stat().st_size > 10_000
    page.get_by_role("button", name="More for").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".card")).to_have_count(0)


def test_a_file_that_is_no_score_gets_a_sentence_and_loses_nothing(page: Page, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 and nothing more")
    page.set_input_files("#chooser", tmp_path / "broken.pdf")
    expect(page.locator(".card.failed p.lost, #notices [role=alert]").first).to_be_visible(timeout=30_000)
    expect(page.locator(".card.ready")).to_have_count(1)
