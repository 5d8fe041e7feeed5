"""The orders in which measures may be played: closed forms for every sign."""

from itertools import pairwise

import pytest

from standpartner.score.played_order import MeasureSigns, full_order, passages

NAMES = {
    "S": "segno", "C": "coda", "TC": "to_coda", "F": "fine", "DC": "da_capo", "DS": "dal_segno",
}  # fmt: skip


def signs_of(text: str) -> list[MeasureSigns]:
    """Read measures: ``|:`` and ``:|`` at their ends, between them dotted signs; ``e12`` is in endings 1 and 2."""
    signs = []
    for word in text.split():
        names = word.removeprefix("|:").removesuffix(":|").split(".")
        endings = [tuple(map(int, name[1:])) for name in names if name.startswith("e")]
        marks = {NAMES[name]: True for name in names if name in NAMES}
        ending = endings[0] if endings else ()
        signs.append(MeasureSigns(word.startswith("|:"), word.endswith(":|"), ending, **marks))
    return signs


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("x x", "01"),
        ("|:x x:| x", "01012"),
        ("x x:| x", "01012"),
        ("x x:| x x:|", "01012323"),
        ("x |:x:| x", "0112"),
        ("|:x e1:| e2 x", "01023"),
        ("|:x e1:| e2:| x", "01023"),
        ("|:x e12:| e3", "010102"),
        ("x e1:| x x", "01023"),
        ("|:x e1 e1:| e2 e2", "0120" + "34"),
        ("|:x e1:| e2 |:x e1:| e2", "01023435"),
        ("|:x |:x:| x:|", "01120112"),
        ("|:x |:x:|", "011"),
        ("x x.F x x.DC", "012301"),
        ("|:x:| |:x.F:| x x.DC", "001123001"),
        ("x S x.F x.DS", "012312"),
        ("x S x.TC x.DS C x", "01231245"),
        ("x.TC x x.DC C", "01203"),
        ("x e1.DC e2", "0102"),
        ("x e1 e2", "012"),
        ("|:x.DC:|", "0000"),
    ],
)
def test_the_full_order_takes_every_repeat(text, full):
    assert full_order(signs_of(text)).measures == tuple(map(int, full))


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("x x", {"01"}),
        ("|:x x:| x", {"01012", "012"}),
        ("x:| x:|", {"0011", "001", "011", "01"}),
        ("|:x e1:| e2 x", {"01023", "023"}),
        ("|:x e12:| e3", {"010102", "0102", "02"}),
        ("x |:x:| x.F x.DC", {"011230112", "01123012", "01230112", "0123012", "01123", "0123"}),
        ("x S x.TC x.DS C", {"0123124"}),
        ("x.TC x.DC C", {"0102"}),
    ],
)
def test_passes_may_be_left_out_where_their_music_comes_again(text, orders):
    possible = full_order(signs_of(text)).possible()
    assert possible[0] == full_order(signs_of(text)).measures
    assert {"".join(map(str, order)) for order in possible} == orders


def test_many_repeats_are_listed_up_to_a_number():
    assert len(full_order(signs_of("x:| " * 12)).possible(most=50)) == 50


def test_signs_without_an_end_end_all_the_same():
    assert len(full_order(signs_of("|:x x.DC |:x x.DS:| x.DC " * 5)).measures) <= 20 * 25


def test_passages_are_runs_of_measures_that_follow_each_other():
    assert passages((0, 1, 0, 2, 3)) == [(0, 1), (0, 0), (2, 3)]


@pytest.mark.parametrize(
    ("text", "jumps"),
    [
        ("x x", set()),
        ("|:x x:| x", {(1, 0)}),
        ("|:x e1:| e2 x", {(1, 0), (0, 2)}),
        ("x |:x:| x.F x.DC", {(1, 1), (3, 0)}),
        ("x S x.TC x.DS C", {(3, 1), (2, 4)}),
        ("|:x e1:| e2 x " * 12, {(4 * n + 1, 4 * n) for n in range(12)} | {(4 * n, 4 * n + 2) for n in range(12)}),
    ],
)
def test_the_jumps_of_an_order_are_those_of_all_possible_orders(text, jumps):
    order = full_order(signs_of(text))
    steps = {step for played in order.possible() for step in pairwise(played)}
    assert order.jumps() == jumps
    assert {(before, after) for before, after in steps if after != before + 1} <= jumps
