"""Devices that only show: whatever is played, also on tablets that came by http."""

import copy
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live.web.page.conftest import Served, awaited, shown
from tests.live.web.page.pretend_server import PretendServer

pytestmark = [pytest.mark.needs("browser"), pytest.mark.slow]
Open = Callable[..., Served]
SINGLE = '{"layout": "single"}'


def other_score(server: PretendServer) -> str:
    """Let the server have another score, and return its name."""
    server.answers["GET /api/scores/other1"] = {**copy.deepcopy(server.score), "id": "other1", "title": "Another"}
    return "other1"


def welcome(server: PretendServer, score: str) -> None:
    """Welcome the page to a session of a score."""
    fixed = {"version": 1, "server": "pretended", "role": "show", "lead_systems": 0.5}
    server.welcome = {**server.welcome, "session": "s2", "score": score, "listening": True, "state": "following"}
    server.say(type="welcome", **fixed, **server.welcome)


def test_a_showing_device_opens_the_score_that_is_played(open_page: Open) -> None:
    page, server = open_page("#/show", preferences=SINGLE)
    page.wait_for_selector(".pane.shown img")
    awaited(page, server, "hello", count=2)
    welcome(server, other_score(server))
    expect(page.get_by_role("region", name="Another")).to_be_visible()


def test_a_showing_device_that_comes_back_is_shown_whatever_is_played(open_page: Open) -> None:
    page, server = open_page("#/show", preferences=SINGLE)
    page.wait_for_selector(".pane.shown img")
    awaited(page, server, "hello", count=2)
    server.drop()
    again = awaited(page, server, "hello", count=3)[-1]
    assert again == {"type": "hello", "version": 1, "role": "show", "session": "s1"}


def test_a_connection_that_is_silent_for_too_long_is_opened_again(open_page: Open) -> None:
    page, server = open_page("#/show", preferences=SINGLE)
    page.wait_for_selector(".pane.shown img")
    awaited(page, server, "hello", count=2)
    page.clock.install()
    server.say(type="state", state="following", listening=True, take="t1")
    page.wait_for_selector(".performance.playing")
    page.clock.fast_forward(16_000)
    awaited(page, server, "hello", count=3)


@pytest.fixture
def tablet(open_page: Open, launch: Callable[..., Browser]) -> Served:
    """A tablet that opened a score by http while nothing is played."""
    browser = launch("--host-resolver-rules=MAP tablet.test 127.0.0.1")
    page, server = open_page("", browser=browser, preferences=SINGLE)
    server.welcome = {**server.welcome, "session": None, "score": None}
    page.goto(f"{server.origin.replace('localhost', 'tablet.test')}/#/play/k3v9x2")
    page.wait_for_selector(".pane.shown img")
    awaited(page, server, "hello")
    return page, server


def turn(page: Page, key: str, *parts: str) -> None:
    page.keyboard.press(key)
    expect(page.locator(".stage")).to_have_attribute("data-parts", " ".join(parts))


def test_pages_that_are_turned_while_nothing_is_played_are_not_told(tablet: Served) -> None:
    page, server = tablet
    turn(page, "PageDown", "1-whole")
    welcome(server, "k3v9x2")
    page.wait_for_selector(".performance.playing")
    turn(page, "PageUp", "0-whole")
    assert awaited(page, server, "turn_page") == [{"type": "turn_page", "page": 1}]
    assert page.get_by_role("alert").count() == 0


def test_a_tablet_is_told_once_that_its_screen_may_go_dark(tablet: Served) -> None:
    page, _ = tablet
    notice = page.get_by_role("status").filter(has_text="cannot keep the screen on")
    expect(notice).to_be_visible()
    page.get_by_role("button", name="Close this message").click()
    page.evaluate("location.hash = '#/'")
    page.wait_for_selector(".library")
    page.evaluate("location.hash = '#/play/k3v9x2'")
    page.wait_for_selector(".pane.shown img")
    assert shown(page) == ["0-whole"]
    expect(notice).to_have_count(0)
