"""When pages are turned."""

import numpy as np
import pytest

from standpartner.follow.position import FramePosition, place_all
from standpartner.live.scores.links import Route
from standpartner.live.sessions.turns import TurnConfig, TurnPlanner


@pytest.fixture
def play(score):
    """Turns, with the place at which each is made, while music goes from one place to another at 4 px a frame."""

    def run(planner, first_px, last_px, *, confidence=0.95, lost=False, jumped=False):
        places = np.arange(first_px, last_px, 4.0)
        frames = [
            FramePosition(k, x, confidence, lost, jumped_from_px=0.0 if jumped and k == 0 else None)
            for k, x in enumerate(places)
        ]
        made = []
        for position in place_all(score, frames):
            turn = planner.take(position)
            if turn is not None:
                made.append((turn.page, turn.reason, position.strip_x_px))
        return made

    return run


def test_pages_turn_half_a_system_ahead_and_arrive(score, play):
    turns = play(TurnPlanner(score), 0, 2400)
    assert [turn[:2] for turn in turns] == [(2, "ahead"), (2, "arrived"), (3, "ahead"), (3, "arrived")]
    assert 600 <= turns[0][2] <= 620
    assert turns[1][2] == 800
    assert 1400 <= turns[2][2] <= 1420


@pytest.mark.parametrize(("lead", "first_px"), [(0.0, 800), (0.25, 700), (1.5, 200)])
def test_the_lead_is_a_part_of_the_last_system(score, play, lead, first_px):
    turns = play(TurnPlanner(score, config=TurnConfig(lead_systems=lead)), 0, 1000)
    assert first_px <= turns[0][2] <= first_px + 12


def test_a_page_may_have_a_lead_of_its_own(score, play):
    turns = play(TurnPlanner(score, config=TurnConfig(lead_by_page={2: 1.0})), 0, 2400)
    assert 600 <= turns[0][2] <= 620
    assert 1200 <= turns[2][2] <= 1220


@pytest.mark.parametrize("doubt", [{"confidence": 0.5}, {"lost": True}])
def test_in_doubt_the_last_page_stays(score, play, doubt):
    planner = TurnPlanner(score)
    assert play(planner, 0, 2400, **doubt) == []
    assert planner.page == 1


def test_one_wrong_frame_turns_nothing(score, play):
    planner = TurnPlanner(score)
    assert play(planner, 300, 320) == play(planner, 2000, 2004, jumped=True) == play(planner, 320, 340) == []


def test_music_that_is_found_on_another_page_is_shown_after_half_a_second(score, play):
    planner = TurnPlanner(score)
    play(planner, 0, 100)
    ((page, reason, x_px),) = play(planner, 1700, 1900, jumped=True)
    assert (page, reason) == (3, "jump")
    assert x_px == 1700 + 9 * 4  # the tenth frame


def test_music_that_goes_back_is_shown(score, play):
    planner = TurnPlanner(score)
    play(planner, 0, 900)
    assert [turn[:2] for turn in play(planner, 100, 200)] == [(1, "back")]


def test_a_page_turned_by_hand_stays_until_the_music_has_been_there(score, play):
    planner = TurnPlanner(score)
    play(planner, 0, 100)
    assert planner.show(2).reason == "player"
    assert play(planner, 100, 400) == []  # 75 frames on page 1
    assert [turn[:2] for turn in play(planner, 790, 830)] == [(2, "arrived")]
    assert [turn[:2] for turn in play(planner, 830, 1700)] == [(3, "ahead"), (3, "arrived")]


def test_a_page_turned_by_hand_gives_way_when_the_music_is_long_elsewhere(score, play):
    planner = TurnPlanner(score)
    planner.show(3)
    turns = play(planner, 0, 4.0 * 90)
    assert [turn[:2] for turn in turns] == [(1, "back")]
    assert turns[0][2] == 4.0 * 79  # after four seconds


def test_before_a_repeat_the_page_that_comes_is_turned_to(score, play):
    planner = TurnPlanner(score, Route(score, [{"from_bar": 16, "to_bar": 1, "times": 1}]))
    planner.go(2)
    turns = play(planner, 810, 1600)
    assert [turn[:2] for turn in turns] == [(1, "ahead")]
    assert 1400 <= turns[0][2] <= 1420


def test_the_end_of_the_score_turns_to_nothing(score, play):
    planner = TurnPlanner(score)
    planner.go(3)
    assert play(planner, 1700, 2400) == []
