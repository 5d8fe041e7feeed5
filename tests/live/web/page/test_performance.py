"""The pages while one plays, in a real browser: cursor, turns, hands, doubt, links, microphone, broken connections."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live.web.page.conftest import Served, awaited, said, shown, until
from tests.live.web.page.pretend_server import PretendServer

pytestmark = pytest.mark.needs("browser")
Open = Callable[..., Served]
PLAY = "#/play/k3v9x2"
SINGLE = '{"layout": "single"}'


def started(open_page: Open, preferences: str = SINGLE, **more: object) -> Served:
    """A page that listens, with the music under way."""
    page, server = open_page(PLAY, preferences=preferences, **more)
    page.wait_for_selector(".pane.shown img")
    page.keyboard.press("s")
    page.wait_for_selector(".performance.playing")
    return page, server


def walk(
    page: Page, server: PretendServer, system: int, places: list[float], *, pause_ms: float = 50, **more: object
) -> None:
    """Say positions one after the other, each when the one before has been drawn."""
    for place in places:
        before = page.evaluate("moves")
        server.place(system, place, **more)
        page.wait_for_function("before => moves > before", arg=before)
        page.wait_for_timeout(pause_ms)


def break_off(page: Page, server: PretendServer) -> None:
    """Break the connection, and let nobody in until the server is no longer away."""
    server.drop(away=True)
    page.wait_for_selector(".offline-note")


def come_back(page: Page, server: PretendServer) -> None:
    """Let the page in again, and wait until it is."""
    server.away = False
    expect(page.locator(".offline-note")).to_have_count(0)


def expect_shown(page: Page, *parts: str) -> None:
    expect(page.locator(".stage")).to_have_attribute("data-parts", " ".join(parts))


def cursor_share(page: Page, system: int, server: PretendServer) -> float:
    """Where the cursor stands on the screen, as a share of a system from its left to its right end."""
    pane = page.locator(".pane.shown", has=page.locator(".cursor.here")).first
    cursor = pane.locator(".cursor.here").bounding_box()
    paper = pane.locator(".paper").bounding_box()
    assert cursor
    assert paper
    box = server.score["systems"][system - 1]
    size = server.score["pages"][box["page"] - 1]
    x_px = (cursor["x"] + cursor["width"] / 2 - paper["x"]) / paper["width"] * size["width_px"]
    y_px = (cursor["y"] + cursor["height"] / 2 - paper["y"]) / paper["height"] * size["height_px"]
    assert box["top_px"] < y_px < box["bottom_px"]
    return (x_px - box["left_px"]) / (box["right_px"] - box["left_px"])


def test_the_cursor_is_where_the_server_says_and_the_bar_is_lit(open_page: Open) -> None:
    page, server = started(open_page)
    walk(page, server, 2, [0.40, 0.41, 0.42])
    page.wait_for_timeout(400)
    until(page, lambda: cursor_share(page, 2, server) == pytest.approx(0.42, abs=0.02))
    lit = page.locator(".pane.shown .lit.here").bounding_box()
    cursor = page.locator(".pane.shown .cursor.here").bounding_box()
    assert lit["x"] <= cursor["x"] <= lit["x"] + lit["width"]
    expect(page.locator(".where")).to_contain_text("bar")
    expect(page.locator(".certainty")).to_have_text("sure")


def test_the_page_turns_in_the_last_system_and_not_in_doubt(open_page: Open) -> None:
    page, server = started(open_page)
    last = sum(system["page"] == 1 for system in server.score["systems"])
    walk(page, server, last, [0.3, 0.45])
    assert shown(page) == ["0-whole"]
    walk(page, server, last, [0.55, 0.6, 0.65, 0.7], confidence="unsure", probability=0.5)
    assert shown(page) == ["0-whole"]
    expect(page.locator(".certainty")).to_have_text("not sure")
    walk(page, server, last, [0.72, 0.74, 0.76])
    expect_shown(page, "1-whole")
    expect(page.locator(".where")).to_contain_text("page 2 of 2")


@pytest.mark.slow
def test_lost_is_told_by_shape_and_word(open_page: Open) -> None:
    page, server = started(open_page)
    radius = "getComputedStyle(document.querySelector('.certainty i')).borderRadius"
    walk(page, server, 1, [0.5])
    sure = page.evaluate(radius)
    walk(page, server, 1, [0.5], confidence="lost", probability=0.1)
    expect(page.locator(".certainty")).to_have_text("lost: tap your bar")
    assert page.evaluate(radius) != sure


@pytest.mark.parametrize(
    "key", [" ", *(pytest.param(key, marks=pytest.mark.slow) for key in ("PageDown", "ArrowRight", "Enter"))]
)
def test_every_key_of_a_pedal_turns_and_wins(open_page: Open, key: str) -> None:
    page, server = started(open_page)
    walk(page, server, 2, [0.2])
    page.keyboard.press(key)
    expect_shown(page, "1-whole")
    walk(page, server, 2, [0.3 + 0.02 * k for k in range(8)], pause_ms=120)  # music goes on where it was, for a second
    expect_shown(page, "1-whole")
    assert awaited(page, server, "turn_page") == [{"type": "turn_page", "page": 2}]
    page.keyboard.press("PageUp")
    expect_shown(page, "0-whole")


@pytest.mark.slow
def test_space_turns_the_page_also_after_a_click_on_a_button(open_page: Open) -> None:
    page, _ = open_page(PLAY, preferences=SINGLE)
    page.get_by_role("button", name="Listen").click()
    page.wait_for_selector(".performance.playing")
    page.keyboard.press(" ")
    expect_shown(page, "1-whole")
    assert page.locator(".performance.playing").count() == 1


@pytest.mark.slow
def test_a_swipe_turns_and_a_tap_moves_the_music(open_page: Open) -> None:
    page, server = open_page(PLAY, preferences=SINGLE)
    page.wait_for_selector(".pane.shown img")
    page.mouse.move(600, 500)
    page.mouse.down()
    page.mouse.move(300, 510, steps=4)
    page.mouse.up()
    expect_shown(page, "1-whole")
    page.keyboard.press("Home")
    pane = page.locator(".pane.shown .paper").bounding_box()
    bar = server.score["bars"][7]
    system = server.score["systems"][bar["system"] - 1]
    size = server.score["pages"][0]
    x = pane["x"] + pane["width"] * (bar["left_px"] + bar["right_px"]) / 2 / size["width_px"]
    y = pane["y"] + pane["height"] * (system["top_px"] + system["bottom_px"]) / 2 / size["height_px"]
    page.mouse.click(x, y)
    assert awaited(page, server, "move") == [{"type": "move", "bar": 8}]
    expect(page.locator(".where")).to_contain_text("bar 8")


def test_half_pages_turn_above_first_and_nothing_else_moves(open_page: Open) -> None:
    page, server = started(open_page, '{"layout": "half"}')
    on_first_page = [k + 1 for k, system in enumerate(server.score["systems"]) if system["page"] == 1]
    lower = on_first_page[len(on_first_page) // 2 :]
    expect_shown(page, "0-upper", "0-lower")
    before = page.locator('.pane.shown[data-part="lower"]').bounding_box()
    walk(page, server, lower[0], [0.1, 0.3, 0.35, 0.4])
    expect_shown(page, "1-upper", "0-lower")
    assert page.locator('.pane.shown[data-part="lower"]').bounding_box() == before
    first_of_two = lower[-1] + 1
    walk(page, server, first_of_two, [0.05])
    expect_shown(page, "1-upper", "0-lower")
    walk(page, server, first_of_two, [0.15, 0.2, 0.25])
    expect_shown(page, "1-upper", "1-lower")


@pytest.mark.slow
def test_a_bar_is_gone_to_by_its_number(open_page: Open) -> None:
    page, server = open_page(PLAY, preferences=SINGLE)
    page.wait_for_selector(".pane.shown img")
    page.keyboard.press("b")
    page.keyboard.type("44")
    page.keyboard.press("Enter")
    expect_shown(page, "1-whole")
    assert awaited(page, server, "move") == [{"type": "move", "bar": 44}]
    page.get_by_role("button", name="bar 44").click()
    page.keyboard.type("200")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="no bar 200")).to_be_visible()


@pytest.mark.slow
def test_two_bars_are_linked_by_two_taps(open_page: Open) -> None:
    page, server = open_page(PLAY, preferences=SINGLE)
    page.wait_for_selector(".pane.shown img")
    page.keyboard.press("l")
    for bar in (9, 2):
        pane = page.locator(".pane.shown .paper").bounding_box()
        told = server.score["bars"][bar - 1]
        system = server.score["systems"][told["system"] - 1]
        size = server.score["pages"][told["page"] - 1]
        page.mouse.click(
            pane["x"] + pane["width"] * (told["left_px"] + told["right_px"]) / 2 / size["width_px"],
            pane["y"] + pane["height"] * (system["top_px"] + system["bottom_px"]) / 2 / size["height_px"],
        )
    until(page, lambda: any(key.startswith("PATCH") for key, _ in server.asked))
    patched = [body for key, body in server.asked if key.startswith("PATCH")]
    assert patched == [{"links": [{"from_bar": 9, "to_bar": 2, "times": 1}]}]


@pytest.mark.slow
def test_a_repeat_jumps_back_where_one_sees_it(open_page: Open) -> None:
    page, server = started(open_page, links=[{"from_bar": 40, "to_bar": 1, "times": 1}])
    page.keyboard.press("End")
    walk(page, server, 8, [0.2, 0.3])
    walk(page, server, 1, [0.01, 0.02, 0.03, 0.04, 0.05], jumped=True)
    assert shown(page) == ["0-whole"]
    assert page.locator(".cursor.leapt").count() > 0


def test_the_microphone_is_asked_for_as_it_is_and_its_real_rate_is_told(open_page: Open) -> None:
    page, server = open_page(PLAY, preferences=SINGLE)
    page.wait_for_selector(".pane.shown img")
    page.evaluate("""() => {
      const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async wanted => {
        window.wanted = wanted; const stream = await ask(wanted);
        window.settings = stream.getAudioTracks()[0].getSettings(); return stream;
      };
    }""")
    page.keyboard.press("s")
    page.wait_for_selector(".performance.playing")
    until(page, lambda: server.sound_frames > 5)
    off = {"echoCancellation": False, "noiseSuppression": False, "autoGainControl": False}
    assert {name: page.evaluate("wanted")["audio"][name] for name in off} == off
    assert {name: page.evaluate("settings")[name] for name in off} == off
    rate = page.evaluate("new AudioContext().sampleRate")
    assert said(server, "audio")[0] == {"type": "audio", "sample_rate_hz": rate, "channels": 1}
    page.keyboard.press("s")
    awaited(page, server, "stop")
    frames = server.sound_frames
    page.wait_for_timeout(200)
    assert server.sound_frames == frames


def test_a_refused_microphone_is_told_in_a_sentence(
    open_page: Open, playwright: object, launch: Callable[..., Browser]
) -> None:
    refusing = launch("--deny-permission-prompts")
    page, server = open_page(PLAY, browser=refusing, preferences=SINGLE)
    page.wait_for_selector(".pane.shown img")
    page.keyboard.press("s")
    expect(page.get_by_role("alert")).to_contain_text("does not let this page hear the microphone")
    assert not said(server, "start")
    page.keyboard.press("PageDown")  # the pages still turn by hand
    expect_shown(page, "1-whole")


def test_a_broken_connection_comes_back_within_three_seconds_and_goes_on(open_page: Open) -> None:
    page, server = started(open_page)
    walk(page, server, 2, [0.5])
    server.welcome = {**server.welcome, "listening": True, "state": "following"}
    server.drop()
    expect(page.get_by_role("alert")).to_contain_text("connection broke")
    assert page.locator(".cursor.here").count() > 0  # the last state is kept
    expect(page.locator(".offline-note")).to_have_count(0, timeout=3000)
    hello = awaited(page, server, "hello", count=2)[-1]
    assert hello["session"] == "s1"
    frames = server.sound_frames
    until(page, lambda: server.sound_frames > frames)
    assert len(said(server, "start")) == 1  # the take went on


@pytest.mark.slow
def test_a_take_that_the_server_has_lost_is_started_anew_where_the_music_was(open_page: Open) -> None:
    page, server = started(open_page)
    walk(page, server, 3, [0.5])
    break_off(page, server)
    come_back(page, server)
    starts = awaited(page, server, "start", count=2)
    assert len(starts) == 2
    assert server.score["bars"][starts[1]["bar"] - 1]["system"] == 3


@pytest.mark.slow
def test_what_the_server_says_to_the_player_is_shown(open_page: Open) -> None:
    page, server = open_page(PLAY, preferences=SINGLE)
    page.wait_for_selector(".pane.shown img")
    awaited(page, server, "hello")
    server.say(type="error", code="bad_audio", sentence="The sound is not finite.", fatal=False)
    expect(page.get_by_role("alert")).to_contain_text("The sound is not finite.")


@pytest.mark.slow
def test_a_device_that_only_shows_follows_and_turns_with_the_others(open_page: Open) -> None:
    page, server = open_page("#/show", preferences=SINGLE)
    page.wait_for_selector(".pane.shown img")
    assert awaited(page, server, "hello", count=2)[-1]["role"] == "show"  # the second is that of the score
    assert page.get_by_role("button", name="Listen").count() == 0
    server.say(type="turn", page=2, reason="player")
    expect_shown(page, "1-whole")


@pytest.mark.slow
def test_the_settings_change_layout_and_lead_and_are_remembered(open_page: Open) -> None:
    page, server = open_page(PLAY, preferences=SINGLE)
    page.get_by_role("button", name="Layout, page turns").click()
    page.get_by_role("button", name="Two", exact=True).click()
    page.get_by_role("slider").first.fill("1.2")
    page.get_by_role("button", name="Done").click()
    expect_shown(page, "0-whole", "1-whole")
    wanted = {"type": "settings", "lead_systems": 1.2, "lead_by_page": {}}
    until(page, lambda: said(server, "settings")[-1:] == [wanted])  # earlier ones have the lead of before
    page.reload()
    page.wait_for_selector(".pane.shown img")
    expect_shown(page, "0-whole", "1-whole")


@pytest.mark.slow
def test_a_message_is_seen_in_full_screen(open_page: Open) -> None:
    page, server = open_page(PLAY, preferences=SINGLE)
    page.wait_for_selector(".pane.shown img")
    awaited(page, server, "hello")
    page.keyboard.press("f")
    page.wait_for_selector(".performance.fullscreen")
    server.say(type="error", code="bad_audio", sentence="The sound is not finite.", fatal=False)
    expect(page.get_by_role("alert")).to_contain_text("The sound is not finite.")
    box = page.get_by_role("alert").bounding_box()
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    assert page.evaluate("([x, y]) => Boolean(document.elementFromPoint(x, y).closest('#notices'))", middle)


@pytest.mark.slow
def test_the_page_of_a_bar_tapped_elsewhere_is_shown_before_the_music_is_followed(open_page: Open) -> None:
    page, server = open_page(PLAY, preferences=SINGLE)
    page.wait_for_selector(".pane.shown img")
    awaited(page, server, "hello")
    server.place(8, 0.2, jumped=True)
    expect_shown(page, "1-whole")


@pytest.mark.slow
def test_nothing_on_the_screen_scrolls(open_page: Open) -> None:
    page, server = started(open_page, '{"layout": "single"}', size=(390, 844))
    walk(page, server, 4, [0.5])
    page.mouse.wheel(0, 500)
    told = page.evaluate(
        "() => { const all = document.documentElement;"
        " return [scrollY, all.scrollHeight <= innerHeight, all.scrollWidth <= innerWidth]; }"
    )
    assert told == [0, True, True]


def test_controls_have_names_and_the_bar_fits_a_phone(open_page: Open) -> None:
    page, _ = open_page(PLAY, preferences=SINGLE, size=(390, 844))
    page.wait_for_selector(".pane.shown img")
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button')]"
        ".filter(b => !(b.getAttribute('aria-label') || b.textContent.trim())).length"
    )
    assert unnamed == 0
    for box in page.locator(".bar button:visible").all():
        place = box.bounding_box()
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= 390


@pytest.mark.slow
def test_what_was_done_without_a_connection_is_told_afterwards(open_page: Open) -> None:
    page, server = started(open_page)
    walk(page, server, 2, [0.5])
    break_off(page, server)
    page.keyboard.press("PageDown")
    page.keyboard.press("s")
    assert not said(server, "turn_page")
    come_back(page, server)
    until(page, lambda: said(server, "stop") and said(server, "turn_page"))
    kinds = [message["type"] for message in server.said]
    assert kinds[-3:].count("turn_page") == 1
    assert kinds[-3:].count("stop") == 1


@pytest.mark.slow
def test_a_device_that_may_not_hear_says_why_and_shows(open_page: Open, launch: Callable[..., Browser]) -> None:
    browser = launch("--host-resolver-rules=MAP tablet.test 127.0.0.1")
    page, server = open_page("", browser=browser, preferences=SINGLE)
    page.goto(f"{server.origin.replace('localhost', 'tablet.test')}/{PLAY}")
    page.wait_for_selector(".pane.shown img")
    assert awaited(page, server, "hello")[-1]["role"] == "show"
    page.keyboard.press("s")
    expect(page.get_by_role("alert")).to_contain_text("localhost and https only")
    assert not said(server, "settings")  # it does not change when the others' pages turn


@pytest.mark.slow
def test_the_screen_stays_on_and_the_lock_is_asked_for_again(open_page: Open) -> None:
    page, _ = open_page("", preferences=SINGLE)
    page.evaluate("""() => {
      window.asked = 0;
      navigator.wakeLock.request = async () => { window.asked += 1; window.lock = new EventTarget(); return lock; };
    }""")
    page.evaluate(f"location.hash = '{PLAY}'")
    page.wait_for_selector(".pane.shown img")
    page.evaluate("lock.dispatchEvent(new Event('release'))")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert page.evaluate("asked") == 2
