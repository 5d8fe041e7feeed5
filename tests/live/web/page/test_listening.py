"""The microphone while it opens, which may take as long as the browser likes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.live.web.page.conftest import Served, awaited, said, until

pytestmark = [pytest.mark.needs("browser"), pytest.mark.slow]
Open = Callable[..., Served]

SLOW_MICROPHONE = """() => {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const opened = new Promise(resolve => { window.open = resolve; });
  window.asked = 0;
  window.tracks = [];
  navigator.mediaDevices.getUserMedia = async wanted => {
    window.asked += 1;
    await opened;
    const stream = await ask(wanted);
    window.tracks.push(stream.getAudioTracks()[0]);
    return stream;
  };
}"""


def opening(open_page: Open) -> Served:
    """A page whose microphone opens when the page is told to `open`, and has been asked for."""
    page, server = open_page("#/play/k3v9x2", preferences='{"layout": "single"}')
    page.wait_for_selector(".pane.shown img")
    awaited(page, server, "settings")
    page.evaluate(SLOW_MICROPHONE)
    page.keyboard.press("s")
    page.wait_for_function("asked === 1")
    return page, server


def live_tracks(page: Page) -> list[bool]:
    """Whether each microphone that was opened is still heard."""
    return page.evaluate("tracks.map(track => track.readyState === 'live')")


def test_listen_tapped_twice_opens_one_microphone(open_page: Open) -> None:
    page, server = opening(open_page)
    page.keyboard.press("s")
    assert page.evaluate("asked") == 1
    page.evaluate("open()")
    page.wait_for_selector(".performance.playing")
    assert len(awaited(page, server, "start")) == 1
    page.keyboard.press("s")
    awaited(page, server, "stop")
    assert live_tracks(page) == [False]


def test_a_microphone_that_opens_after_the_page_was_left_is_closed(open_page: Open) -> None:
    page, server = opening(open_page)
    page.evaluate("location.hash = '#/'")
    page.wait_for_selector(".library")
    page.evaluate("open()")
    until(page, lambda: live_tracks(page) == [False])
    assert not said(server, "start")
