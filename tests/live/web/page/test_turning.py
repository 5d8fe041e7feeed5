"""Which view is shown when: pure functions of the page, run in a real browser."""

from collections.abc import Callable

import pytest

pytestmark = pytest.mark.needs("browser")

# Three pages of four systems; systems stand at y = .1, .3, .5 and .7 and are .1 high.
SCORE = """
const box = (page, k) => ({page, left: .1, right: .9, top: .1 + .2 * k, bottom: .2 + .2 * k, doubt: 0});
const score = {
  id: 's', title: 't', bars: [],
  pages: [0, 1, 2].map(() => ({url: '', aspect: 1.4, crop: {left: 0, top: 0, right: 1, bottom: 1}})),
  systems: [0, 1, 2].flatMap(page => [0, 1, 2, 3].map(k => box(page, k))),
};
const turnerOf = (layout, lead = .5, leads = {}) => new m.PageTurner(m.viewsOf(score, layout, {lead, leads}));
let now = 0;
// Plays from a place to another, 20 positions a second at a quarter of a system a second; tells where views changed.
const play = (turner, from, to, sure = true, more = {}) => {
  const turns = [];
  for (let at = from; at <= to + 1e-9; at += .0125) {
    now += .05;
    if (turner.take({progress: at, sure}, now, more)) turns.push([+at.toFixed(2), turner.index, turner.reason]);
  }
  return turns;
};
"""


@pytest.fixture
def run(modules: Callable[[str], object]) -> Callable[[str], object]:
    return lambda script: modules(SCORE + script)


@pytest.mark.parametrize(("layout", "lead", "expected"), [
    ("single", 0.5, [3.5, 7.5]),
    ("single", 1.5, [2.5, 6.5]),
    ("single", 0.0, [4.0, 8.0]),
    ("two", 0.5, [7.5]),
    ("zoom", 0.5, [1.5, 3.5, 5.5, 7.5, 9.5]),
    ("half", 0.5, [2.25, 4.1, 6.25, 8.1]),
])  # fmt: skip
def test_a_piece_played_through_turns_once_a_view_a_lead_ahead(
    run: Callable[[str], list[list[float]]], layout: str, lead: float, expected: list[float]
) -> None:
    turns = run(f"return play(turnerOf('{layout}', {lead}), 0, 11.9);")
    assert [turn[1] for turn in turns] == list(range(1, len(expected) + 1))
    assert [turn[2] for turn in turns] == ["ahead"] * len(expected)
    assert [turn[0] for turn in turns] == pytest.approx(expected, abs=0.04)


def test_a_page_may_have_a_lead_of_its_own(run: Callable[[str], list[list[float]]]) -> None:
    turns = run("return play(turnerOf('single', .5, {1: 2}), 0, 11.9);")
    assert [turn[0] for turn in turns] == pytest.approx([3.5, 6.0], abs=0.04)


def test_half_views_keep_the_old_lower_half_until_the_music_is_on_the_new_page(run: Callable[[str], object]) -> None:
    views = run("return m.viewsOf(score, 'half', {lead: .5, leads: {}}).map(v => v.panes.map(p => p.page + p.part));")
    assert views == [["0upper", "0lower"], ["1upper", "0lower"], ["1upper", "1lower"], ["2upper", "1lower"],
                     ["2upper", "2lower"]]  # fmt: skip


def test_in_doubt_the_page_stays(run: Callable[[str], object]) -> None:
    assert run("return play(turnerOf('single'), 0, 11.9, false);") == []
    # and it turns as soon as the follower is sure again
    assert run("const t = turnerOf('single'); play(t, 0, 3.9, false); return play(t, 3.9, 3.98);")[0][1] == 1


def test_a_short_flash_elsewhere_does_not_turn_a_stay_does(run: Callable[[str], object]) -> None:
    flash = "const t = turnerOf('single'); play(t, 0, 1); play(t, 9, 9.1); play(t, 1, 1.2); return t.index;"
    assert run(flash) == 0
    stay = "const t = turnerOf('single'); play(t, 0, 1); return play(t, 9, 9.5).map(turn => [turn[1], turn[2]]);"
    assert run(stay) == [[2, "elsewhere"]]


def test_a_repeat_jumps_back_and_sooner_where_a_link_leads(run: Callable[[str], object]) -> None:
    script = "const t = turnerOf('single'); play(t, 0, 6); play(t, 0, .4, true, {linked: %s}); return t.index;"
    assert run(script % "false") == 0
    quick = "const t = turnerOf('single'); play(t, 0, 6); return play(t, 0, .4, true, {linked: %s})[0][0];"
    assert run(quick % "true") < run(quick % "false")


def test_after_the_turn_the_rest_of_the_old_page_does_not_turn_back(run: Callable[[str], object]) -> None:
    assert run("const t = turnerOf('single'); play(t, 0, 3.6); return play(t, 3.3, 5).length;") == 0


def test_a_turn_by_hand_wins_until_the_music_comes_there(run: Callable[[str], object]) -> None:
    held = "const t = turnerOf('single'); play(t, 0, 1); t.turn(1); play(t, 1, 2.5); return [t.index, t.held];"
    assert run(held) == [1, True]
    let_go = "const t = turnerOf('single'); play(t, 0, 1); t.turn(1); play(t, 4.2, 4.5); return [t.index, t.held];"
    assert run(let_go) == [1, False]
    # music that is surely elsewhere for long is shown again
    assert run("const t = turnerOf('single'); play(t, 0, .2); t.turn(2); play(t, .2, 3.2); return t.index;") == 0


def test_hands_cannot_turn_beyond_the_ends(run: Callable[[str], object]) -> None:
    script = (
        "const t = turnerOf('two'); return [t.turn(-1), t.turn(1), t.turn(5), t.index, t.turn(-Infinity), t.index];"
    )
    assert run(script) == [False, True, False, 1, True, 0]


def test_a_start_in_the_last_half_system_does_not_turn_at_once(run: Callable[[str], object]) -> None:
    turns = run("const t = turnerOf('single'); t.goTo(3.6); return [t.index, ...play(t, 3.6, 5)];")
    assert turns[0] == 0
    assert turns[1][0] == pytest.approx(3.8, abs=0.04)


def test_pages_without_music_are_turned_through(run: Callable[[str], object]) -> None:
    script = """
    score.systems = score.systems.filter(system => system.page !== 1);
    return ['single', 'two', 'half', 'zoom'].map(layout => {
      const t = turnerOf(layout); play(t, 0, 7.9); return t.views[t.index].panes.some(pane => pane.page === 2);
    });
    """
    assert run(script) == [True] * 4


def test_a_page_is_cut_between_two_systems(run: Callable[[str], object]) -> None:
    assert run("return m.splitOf(score, 0);") == pytest.approx(0.45)
    assert run("return m.systemsInPane(score, {page: 1, part: 'lower'});") == [6, 7]


@pytest.mark.parametrize(
    ("size", "layout"), [((820, 1180), "single"), ((1180, 820), "two"), ((390, 844), "single"), ((844, 390), "zoom")]
)
def test_the_layout_suits_the_screen(run: Callable[[str], object], size: tuple[int, int], layout: str) -> None:
    assert run(f"return m.layoutFor({size[0]}, {size[1]});") == layout
