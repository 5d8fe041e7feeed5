"""Links that a player tapped."""

import pytest

from standpartner.errors import ConfigError
from standpartner.live.scores.links import Route, check_links

REPEAT = {"from_bar": 8, "to_bar": 5, "times": 1}


def test_a_link_is_taken_as_often_as_it_says(score):
    route = Route(score, [{**REPEAT, "times": 2}])
    taken = [route.passed(790.0, 797.0) for _ in range(3)]
    assert [link and link.to_px for link in taken] == [400.0, 400.0, None]


def test_a_link_is_taken_only_by_passing_its_end(score):
    route = Route(score, [REPEAT])
    assert route.passed(100.0, 110.0) is None
    assert route.passed(900.0, 910.0) is None
    assert route.passed(795.0, 796.5) is not None


def test_a_link_to_the_first_bar_leads_to_where_the_music_begins(score):
    (link,) = Route(score, [{"from_bar": 4, "to_bar": 1, "times": 1}]).links
    assert link.to_px == 40.0


def test_going_back_before_a_link_lets_it_be_taken_again(score):
    route = Route(score, [REPEAT])
    assert route.passed(790.0, 799.0)
    assert route.next_link(500.0, 800.0) is None
    route.went_back(100.0)
    assert route.next_link(500.0, 800.0) is not None


def test_links_of_bars_that_are_gone_are_left_out(score):
    assert Route(score, [{"from_bar": 99, "to_bar": 1, "times": 1}]).links == []


@pytest.mark.parametrize(
    "links",
    [None, {}, [1], [{}], [{"from_bar": 0, "to_bar": 1}], [{"from_bar": 1, "to_bar": 25}], [{**REPEAT, "times": 99}],
     [REPEAT] * 201, [{"from_bar": "1", "to_bar": 1}]],
)  # fmt: skip
def test_links_that_cannot_be_are_refused(links):
    with pytest.raises(ConfigError, match="expected a"):
        check_links(links, bars=24)


def test_links_are_checked_and_filled_in():
    assert check_links([{"from_bar": 2, "to_bar": 1}], bars=24) == [{"from_bar": 2, "to_bar": 1, "times": 1}]
