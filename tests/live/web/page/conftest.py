"""A real Chromium, driven by Playwright, and pages in it that are answered by a pretended server."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from standpartner.demo.bundled import load_menuet
from standpartner.score import Score, read_score
from tests.live.web.page.pretend_server import PretendServer, encode_pages
from tests.needs import find_browser

FLAGS = ["--no-sandbox", "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required"]
ALLOWED = "--use-fake-ui-for-media-stream"

expect.set_options(timeout=15_000)

Served = tuple[Page, PretendServer]


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright for the tests of one file: while it is started, its event loop forbids others in this thread."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def launch(playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """Starts a Chromium; what it is given are more flags."""
    with ExitStack() as stack:

        def start(*flags: str) -> Browser:
            browser = playwright.chromium.launch(executable_path=find_browser(), args=[*FLAGS, *flags])
            stack.callback(browser.close)
            return browser

        yield start


@pytest.fixture(scope="module")
def chromium(launch: Callable[..., Browser]) -> Browser:
    """A Chromium that lets pages have a microphone, which beeps."""
    return launch(ALLOWED)


@pytest.fixture(scope="session")
def short_score() -> Score:
    """The bundled menuet: 48 bars in 8 systems on 2 pages."""
    return read_score(load_menuet().score)


@pytest.fixture(scope="session")
def pictures(short_score: Score) -> list[bytes]:
    return encode_pages(short_score)


@pytest.fixture
def open_page(chromium: Browser, short_score: Score, pictures: list[bytes]) -> Iterator[Callable[..., Served]]:
    """Opens a page of the program at an address; errors in the page fail the test."""
    with ExitStack() as stack:
        errors: list[str] = []

        def open_at(address: str, *, browser: Browser | None = None, preferences: str = "{}", **more: object) -> Served:
            width, height = more.pop("size", (820, 1180))  # type: ignore[misc]
            context = (browser or chromium).new_context(viewport={"width": width, "height": height})
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(20_000)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.add_init_script("window.moves = 0; addEventListener('cursor-moved', () => { moves += 1; });")
            page.add_init_script(f"if (!localStorage.standpartner) localStorage.standpartner = {preferences!r}")
            server = stack.enter_context(PretendServer(page, short_score, pictures, **more))
            page.goto(f"{server.origin}/{address}")
            return page, server

        yield open_at
        assert errors == []


@pytest.fixture(scope="module")
def modules(chromium: Browser, short_score: Score, pictures: list[bytes]) -> Iterator[Callable[[str], object]]:
    """Runs JavaScript that may import the page's modules as `m`: an object of all that is pure."""
    context = chromium.new_context()
    page = context.new_page()
    names = (
        "views",
        "turner",
        "fitting",
        "score",
        "keys",
        "cursor",
        "layout_edits",
        "layout_files",
        "replay",
        "tempo_chart",
    )
    imports = ", ".join(f"import('/{name}.js')" for name in names)
    with PretendServer(page, short_score, pictures) as server:
        page.goto(f"{server.origin}/icon.svg")

        def run(script: str) -> object:
            return page.evaluate(
                f"async () => {{ const m = Object.assign({{}}, ...await Promise.all([{imports}])); {script} }}"
            )

        yield run
    context.close()


def until(page: Page, condition: Callable[[], object]) -> None:
    """Wait until a condition of the test holds; it fails after twenty seconds."""
    for _ in range(400):
        if condition():
            return
        page.wait_for_timeout(50)
    pytest.fail("what was awaited did not come within twenty seconds")


def said(server: PretendServer, kind: str) -> list[dict[str, object]]:
    """What the page said of a kind."""
    return [message for message in server.said if message["type"] == kind]


def awaited(page: Page, server: PretendServer, kind: str, *, count: int = 1) -> list[dict[str, object]]:
    """What the page said of a kind, once that many of it have reached the server; the page shows its part before."""
    until(page, lambda: len(said(server, kind)) >= count)
    return said(server, kind)


def shown(page: Page) -> list[str]:
    """The panes on the screen: page and part."""
    return page.locator(".stage").get_attribute("data-parts").split()  # type: ignore[union-attr]


def fake_microphone(wav: Path) -> list[str]:
    """The flags for a microphone that hears a recording once."""
    return [ALLOWED, f"--use-file-for-fake-audio-capture={wav}%noloop"]
