"""From a dropped PDF to turned pages: a real server follows what a real Chromium hears through a fake microphone.

Every browser notes when the cursor moved and when the page turned, by events of the page.
"""

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from playwright.sync_api import Browser, Page

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.corpus.printed_editions import find_editions
from tests.live.web.page.conftest import fake_microphone
from tests.live.web.page.music import ShortPiece, make_short_piece, play_scan
from tests.live.web.page.running_server import RunningServer, add_score, new_page

pytestmark = [
    pytest.mark.needs("browser", "synthesiser"),
    pytest.mark.xdist_group("real time"),  # two at once would wait for each other
]

DATA = Path(__file__).parents[5] / "shared" / "data"
HEARING = 0.1  # how exactly the place of the music is followed, in systems; a turn follows the cursor


@dataclass(frozen=True)
class Player:
    """A browser whose microphone hears the recording once, from when it is opened."""

    page: Page

    def open_score(self) -> None:
        self.page.click(".card.ready .title")
        self.page.wait_for_selector(".pane.shown img")
        self.page.wait_for_timeout(300)

    def listen(self) -> None:
        self.page.keyboard.press("s")
        self.page.wait_for_selector(".performance.playing")

    def wait_until(self, take_s: float) -> None:
        """Wait for a time of the take."""
        self.page.wait_for_function("limit => seen.length && seen.at(-1).timeS >= limit", arg=take_s, timeout=90_000)

    def begin_s(self, piece: ShortPiece) -> float:
        """Where in the recording the take begins, by the sound that the server has kept."""
        self.page.keyboard.press("s")
        self.page.wait_for_selector(".bar a[href^='#/take/']", state="attached")
        take = self.page.locator(".bar a[href^='#/take/']").get_attribute("href").rpartition("/")[2]  # type: ignore[union-attr]
        kept = self.page.request.get(f"{self.page.url.partition('#')[0]}api/takes/{take}/audio")
        assert kept.ok
        sound, rate_hz = soundfile.read(io.BytesIO(kept.body()), dtype="float32")
        heard = soxr.resample(sound, rate_hz, SAMPLE_RATE_HZ)
        size = len(heard) + len(piece.audio)
        alike = np.fft.irfft(np.fft.rfft(piece.audio, size) * np.conj(np.fft.rfft(heard, size)), size)
        return int(np.argmax(alike[: len(piece.audio)])) / SAMPLE_RATE_HZ

    @property
    def seen(self) -> list[dict[str, Any]]:
        return self.page.evaluate("seen")

    @property
    def turns(self) -> list[dict[str, Any]]:
        return [turn for turn in self.page.evaluate("turns") if turn["reason"] != "hand"]


@pytest.fixture(scope="module")
def piece(tmp_path_factory: pytest.TempPathFactory) -> ShortPiece:
    return make_short_piece(tmp_path_factory.mktemp("piece"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with RunningServer(tmp_path / "library") as started:
        yield started


@pytest.fixture
def player(server: RunningServer, launch: Callable[..., Browser], tmp_path: Path) -> Callable[..., Player]:
    def make(piece: ShortPiece, **sound: int) -> Player:
        browser = launch(*fake_microphone(piece.write_wav(tmp_path / "microphone.wav", **sound)))
        return Player(new_page(browser, server.address))

    return make


def check_following(player: Player, piece: ShortPiece, *, turned_to: list[int]) -> None:
    """The cursor is where the music is, and every turn falls between the middle and the end of a page's last system."""
    begin_s = player.begin_s(piece)
    seen = player.seen
    heard = [each for each in seen if piece.onset_s[0] + 1.0 < each["timeS"] + begin_s < piece.onset_s[-1]]
    away = np.array([each["progress"] - piece.progress_at(each["timeS"] + begin_s) for each in heard])
    assert len(away) > 100
    assert np.mean(np.abs(away) < HEARING) > 0.9
    assert [turn["pages"] for turn in player.turns] == [[page] for page in turned_to]
    for turn in player.turns:
        take_s = max(each["timeS"] for each in seen if each["at"] <= turn["at"])
        last_system = piece.pages.index(turn["pages"][0] - 1) - 1
        assert last_system + 0.5 - HEARING < piece.progress_at(take_s + begin_s) < last_system + 1


def test_a_pdf_is_followed_its_pages_turn_in_time_and_a_second_device_shows_the_same(
    player: Callable[..., Player], piece: ShortPiece, chromium: Browser, server: RunningServer
) -> None:
    listening = player(piece)
    add_score(listening.page, piece.pdf)
    listening.open_score()
    showing = new_page(chromium, f"{server.address}#/show")
    listening.listen()
    listening.wait_until(piece.onset_s[-1])

    delays_ms = [position["delayMs"] for position in listening.seen if position["delayMs"] is not None]
    assert len(delays_ms) > 300
    assert np.median(delays_ms) <= 150

    there = {position["timeS"]: position["at"] for position in showing.evaluate("seen")}
    here = {position["timeS"]: position["at"] for position in listening.seen}
    both = sorted(here.keys() & there.keys())
    assert len(both) > 300
    assert np.percentile([abs(here[time_s] - there[time_s]) for time_s in both], 95) < 200
    assert showing.evaluate("turns").pop()["pages"] == [3]

    check_following(listening, piece, turned_to=[2, 3])


@pytest.mark.slow
@pytest.mark.parametrize(("rate_hz", "channels"), [(44_100, 1), (44_100, 2), (48_000, 2)])
def test_microphones_of_other_kinds_are_followed_as_well(
    player: Callable[..., Player], piece: ShortPiece, rate_hz: int, channels: int
) -> None:
    listening = player(piece, rate_hz=rate_hz, channels=channels)
    add_score(listening.page, piece.pdf)
    listening.open_score()
    listening.listen()
    listening.wait_until(12.0)
    check_following(listening, piece, turned_to=[2])


@pytest.mark.slow
@pytest.mark.needs("fluidsynth", "fluidr3")
@pytest.mark.skipif(not DATA.is_dir(), reason="put the data sets that docs/corpus.md names into ../shared/data")
def test_a_scanned_edition_is_followed_and_its_page_turns_in_time(player: Callable[..., Player]) -> None:
    (edition,) = (each for each in find_editions(DATA) if each.name == "scarlatti__L240K369")  # for validation
    piece = play_scan(edition, systems=7)  # the first page has six
    listening = player(piece)
    add_score(listening.page, piece.pdf)
    listening.open_score()
    listening.listen()
    listening.wait_until(piece.onset_s[-1])
    check_following(listening, piece, turned_to=[2])


@pytest.mark.slow
def test_after_kill_9_the_take_goes_on_within_three_seconds(
    player: Callable[..., Player], piece: ShortPiece, server: RunningServer
) -> None:
    listening = player(piece)
    add_score(listening.page, piece.pdf)
    listening.open_score()
    listening.listen()
    listening.wait_until(5.0)
    server.kill()
    listening.page.wait_for_selector(".offline-note")
    assert listening.page.locator(".cursor.here").count()
    count = len(listening.seen)
    server.start()
    back = time.monotonic()
    listening.page.wait_for_function("count => seen.length > count + 10", arg=count, timeout=20_000)
    assert time.monotonic() - back < 3.0
    listening.page.wait_for_timeout(3000)
    assert listening.page.locator(".performance.playing").count()
    assert listening.seen[-1]["progress"] > 1
