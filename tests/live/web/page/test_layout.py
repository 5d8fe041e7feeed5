"""Where things are put on the screen, keys, and corrections of a layout: pure functions, run in a real browser."""

from collections.abc import Callable

import pytest

pytestmark = pytest.mark.needs("browser")
Run = Callable[[str], object]

PAGES = """
const system = (top, doubt = 0) => ({
  left: .1, right: .9, top, bottom: top + .1, staves: 2, barlines: [.3, .6, .9], doubt, barDoubts: [],
});
const pages = [{source: 0, systems: [system(.1), system(.3, .7)]}, {source: 1, systems: [system(.2)]}];
"""


def test_pages_in_a_row_share_a_scale_and_fill_the_screen(modules: Run) -> None:
    box = "{left: .1, top: .1, right: .9, bottom: .9}"
    placed = modules(f"""
      const page = {{box: {box}, aspect: 1.4}};
      return m.placeInRow([page, page], {{widthPx: 1010, heightPx: 2000, gapPx: 10}});
    """)
    assert [each["left"] for each in placed] == pytest.approx([0, 510])
    assert [each["width"] for each in placed] == pytest.approx([500, 500])
    assert placed[0]["pageWidth"] == pytest.approx(625)
    assert placed[0]["height"] == pytest.approx(0.8 * 1.4 * 625)
    assert placed[0]["top"] == pytest.approx((2000 - 700) / 2)


def test_halves_meet_at_the_seam(modules: Run) -> None:
    upper, lower = modules("""
      const room = {widthPx: 800, heightPx: 1010, gapPx: 10, seam: .5};
      const half = {box: {left: 0, top: 0, right: 1, bottom: .5}, aspect: 1.4};
      return ['upper', 'lower'].map(part => m.placeHalf(half, part, room));
    """)
    assert upper["top"] + upper["height"] == pytest.approx(500)
    assert lower["top"] == pytest.approx(510)
    assert upper["height"] <= 500


def test_the_seam_leaves_room_by_the_height_of_the_halves(modules: Run) -> None:
    page = "{upper: {top: .1, bottom: .1 + %s}, lower: {top: .6, bottom: .6 + %s}}"
    assert modules(f"return m.seamOf([{page % (0.3, 0.2)}, {page % (0.3, 0.2)}]);") == pytest.approx(0.6)
    assert modules(f"return m.seamOf([{page % (0.3, 0.01)}]);") == 0.65


@pytest.mark.parametrize(("key", "action"), [
    ("{key: 'PageDown'}", "next"), ("{key: ' '}", "next"), ("{key: 'ArrowRight'}", "next"), ("{key: 'Enter'}", "next"),
    ("{key: 'PageUp'}", "previous"), ("{key: 'ArrowUp'}", "previous"), ("{key: ' ', shiftKey: true}", "previous"),
    ("{key: 'S'}", "start"), ("{key: 'q'}", None), ("{key: 'f', ctrlKey: true}", None),
])  # fmt: skip
def test_what_keys_do(modules: Run, key: str, action: str | None) -> None:
    assert modules(f"return m.actionOf({key});") == action


def test_swipes(modules: Run) -> None:
    assert modules("return [m.swipeOf(-90, 10), m.swipeOf(90, -10), m.swipeOf(20, 0), m.swipeOf(60, 80)];") == [
        "next", "previous", None, None,
    ]  # fmt: skip


def test_the_cursor_glides_along_a_system_and_leaps_between_systems(modules: Run) -> None:
    script = """
      const motion = new m.CursorMotion(), seen = [];
      let now = 0;
      for (let k = 0; k < 60; k += 1) {
        now += .05;
        motion.aim(0, .1 + .005 * k, now);
        for (let f = 0; f < 3; f += 1) seen.push(motion.step(now + f / 60, 1 / 60).x);
      }
      const steps = seen.slice(30).map((x, k) => x - seen[k + 29]);
      return {behind: .1 + .005 * 59 - seen.at(-1), least: Math.min(...steps), most: Math.max(...steps),
              leaps: [motion.aim(1, .1, now + .05), motion.step(now + .05, .016).x]};
    """
    told = modules(script)
    assert abs(told["behind"]) < 0.006
    assert told["least"] > 0
    assert told["most"] < 0.004
    assert told["leaps"] == [True, pytest.approx(0.1)]


def test_barlines_are_added_moved_and_removed(modules: Run) -> None:
    assert modules(PAGES + "return m.addBarline(pages, 0, 1, .45)[0].systems[1].barlines;") == [0.3, 0.45, 0.6, 0.9]
    assert modules(PAGES + "return m.addBarline(pages, 0, 1, .301)[0].systems[1].barlines;") == [0.3, 0.6, 0.9]
    assert modules(PAGES + "return m.moveBarline(pages, 0, 0, 1, .5)[0].systems[0].barlines;") == [0.3, 0.5, 0.9]
    beyond = modules(PAGES + "return m.moveBarline(pages, 0, 0, 1, 2)[0].systems[0].barlines;")
    assert 0.3 < beyond[1] < 0.9
    assert modules(PAGES + "return m.removeBarline(pages, 0, 0, 0)[0].systems[0].barlines;") == [0.6, 0.9]


def test_the_widest_bar_is_split(modules: Run) -> None:
    barlines = modules(PAGES + "return m.splitWidestBar(m.removeBarline(pages, 0, 0, 0), 0, 0)[0].systems[0].barlines;")
    assert barlines == pytest.approx([0.35, 0.6, 0.9])


def test_systems_are_added_in_their_order_changed_and_removed(modules: Run) -> None:
    tops = modules(
        PAGES + "return m.addSystem(pages, 0, {left: .9, right: .1, top: .28, bottom: .22})[0].systems.map(s => s.top);"
    )
    assert tops == [0.1, 0.22, 0.3]
    assert modules(PAGES + "return m.removeSystem(pages, 0, 0)[0].systems.length;") == 1
    narrow = modules(PAGES + "return m.moveSide(pages, 0, 0, 'right', .7)[0].systems[0];")
    assert narrow["barlines"] == [0.3, 0.6, 0.7]
    assert modules(PAGES + "return m.moveSide(pages, 0, 0, 'top', .5)[0].systems[0].top;") < 0.2


def test_a_system_moves_with_its_barlines_and_stays_on_the_page(modules: Run) -> None:
    moved = modules(PAGES + "return m.moveSystem(pages, 0, 0, .05, .1)[0].systems[0];")
    assert moved["barlines"] == pytest.approx([0.35, 0.65, 0.95])
    assert [moved["top"], moved["bottom"]] == pytest.approx([0.2, 0.3])
    assert modules(PAGES + "return m.moveSystem(pages, 0, 0, 5, 5)[0].systems[0].right;") == pytest.approx(1)


def test_pages_are_moved_and_left_out_and_steps_undone(modules: Run) -> None:
    assert modules(PAGES + "return m.movePage(pages, 0, 1).map(p => p.source);") == [1, 0]
    assert modules(PAGES + "return m.pageOrder([4, 2], m.movePage(pages, 0, 1));") == [2, 4]
    assert modules(PAGES + "return m.removePage(m.removePage(pages, 0), 0).length;") == 1
    script = (
        PAGES
        + """
      const h = new m.History(pages);
      h.set(m.removeSystem(pages, 0, 0)); h.undo();
      const undone = h.pages[0].systems.length; h.redo();
      return [undone, h.pages[0].systems.length, h.changed];
    """
    )
    assert modules(script) == [2, 1, True]


def test_what_is_corrected_is_no_longer_in_doubt(modules: Run) -> None:
    assert modules(PAGES + "return m.doubts(pages).length;") == 1
    assert modules(PAGES + "return m.doubts(m.moveBarline(pages, 0, 1, 0, .31)).length;") == 0
    assert modules(PAGES + "return m.doubts(m.trustSystem(pages, 0, 1)).length;") == 0


def test_a_layout_goes_there_and_back_and_what_nobody_touched_stays_as_it_came(modules: Run) -> None:
    script = """
      const system = {left_px: 100, top_px: 200, right_px: 900, bottom_px: 300, staves: 2, bars: 2,
        barlines_px: [500, 900], doubt: .4, signs: [{x_px: 500, kind: 'single', doubt: .1}], begin_px: 170};
      const layout = {pages: [{width_px: 1000, height_px: 1400, file: 'a.pdf', systems: [system, system]}]};
      const pages = m.editedPages(layout);
      const same = JSON.stringify(m.rawLayout(layout, pages)) === JSON.stringify(layout);
      const changed = m.rawLayout(layout, m.addBarline(pages, 0, 1, .7)).pages[0].systems;
      const untouched = JSON.stringify(changed[0]) === JSON.stringify(system);
      return [same, untouched, changed[1].barlines_px, changed[1].bars, 'signs' in changed[1]];
    """
    assert modules(script) == [True, True, [500, 700, 900], 3, False]


def test_positions_of_a_take_are_found_by_time(modules: Run) -> None:
    positions = "const p = [0, .05, .1, .15].map(time_s => ({time_s}));"
    script = f"{positions} return [-1, 0, .07, .15, 9].map(t => m.positionAt(p, t).time_s);"
    assert modules(script) == [0, 0, 0.05, 0.15, 0.15]
