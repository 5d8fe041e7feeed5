"""Causes of being lost, each on music made for it; the atlas on a real small piece."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from standpartner.evaluate.players import load_agent_player
from standpartner.explain.failures.atlas import FailureSurvey, survey_failures, write_atlas
from standpartner.explain.failures.causes import CAUSES, CauseRules, control_rates, find_failure, name_cause
from standpartner.game.rules import NOTTINGHAM
from standpartner.game.tracks import Track
from standpartner.score import Measures, Notation, Noteheads, Notes, Onsets, Score, Systems
from standpartner.support.embed import drawing_png
from standpartner.support.palette import AGENT, TARGET

COUNT, SPACING_PX = 60, 30.0


def made_score(*, pitch=None, systems=(0.0,), grace=()):
    """One head each 30 px; systems begin where told; some heads have a grace head before them."""
    width = 60 + SPACING_PX * COUNT
    x = 60 + SPACING_PX * np.arange(COUNT)
    pitch = np.arange(COUNT) + 30 if pitch is None else np.asarray(pitch)
    lefts, rights = np.array(systems), np.array([*systems[1:], width])
    where = np.zeros(len(lefts))
    system = np.searchsorted(lefts, x, side="right") - 1
    onset = np.concatenate([np.arange(COUNT), np.array(grace, int)])
    heads = Noteheads(x[onset], np.full(len(onset), 80.0), pitch[onset], onset, np.arange(len(onset)) >= COUNT)
    quarter = np.arange(COUNT) * 1.0
    no = np.zeros(COUNT, bool)
    return Score(
        title="Made",
        strip=np.full((160, int(width)), 255, np.uint8),
        pages=(np.full((400, 400), 255, np.uint8),),
        page_scale=2.0,
        systems=Systems(where, where, where, where + 400, where + 320, lefts, rights, where, where),
        music=Notation(
            noteheads=heads,
            onsets=Onsets(x, quarter, quarter * 0.5, np.zeros(COUNT), system),
            measures=Measures(np.array(["1"]), [0.0], [0.0], [width], [0]),
            notes=Notes(pitch, np.arange(COUNT), quarter, quarter * 0 + 1, quarter * 0.5, quarter * 0 + 0.5, no, no),
        ),
    )


def failure_of(made_up, score, onset_s, *, ahead_from=300, per_frame=3.0, passed=0):
    """An agent that is on the music up to a state and then runs ahead; the music begins with a later onset."""
    onset_s, x_px = onset_s[: COUNT - passed], score.onsets.x_px[passed:]
    track = Track("made/one", onset_s, x_px, score.strip, np.zeros((int(onset_s[-1] * 20) + 20, 78), np.float32))
    states = track.last_frame - track.first_frame + 1
    error = np.clip(np.arange(states) - ahead_from, 0, None) * per_frame
    return find_failure(made_up(track, error), score)


STEADY = 0.5 + 0.5 * np.arange(COUNT)  # every frame 3 px; state 300 is at onset 30, 960 px


def test_the_failure_and_where_the_agent_left(made_up):
    failure = failure_of(made_up, made_score(), STEADY)
    assert failure.departure_frame == failure.trace.first_frame + 304, "12 of 50 px is within a quarter of the bound"
    assert failure.lost_frame == failure.trace.first_frame + 317
    assert failure.applies == ()
    assert name_cause(failure, control_rates([failure])) == "other"
    assert find_failure(made_up(failure.trace.track, 5.0), made_score()) is None


def test_a_system_that_starts(made_up):
    assert failure_of(made_up, made_score(systems=(0.0, 985.0)), STEADY).applies == ("system start",)
    assert failure_of(made_up, made_score(systems=(0.0, 1500.0)), STEADY).applies == ()


def test_a_pattern_that_is_repeated(made_up):
    same = np.arange(COUNT) + 30
    same[20:40] = 60  # one note again and again: an onset ahead is as good
    assert failure_of(made_up, made_score(pitch=same), STEADY).applies == ("repeated pattern",)
    away = np.arange(COUNT) + 30
    away[2:12] = 60
    assert failure_of(made_up, made_score(pitch=away), STEADY).applies == ()


def test_a_rest(made_up):
    rest = STEADY + np.where(np.arange(COUNT) > 30, 1.5, 0.0)
    assert failure_of(made_up, made_score(), rest).applies == ("long rest",)
    short = STEADY + np.where(np.arange(COUNT) > 30, 0.4, 0.0)
    assert failure_of(made_up, made_score(), short).applies == ()


def test_a_run(made_up):
    gaps = np.full(COUNT - 1, 0.5)
    gaps[29:39] = 0.15
    onset_s = 0.5 + np.concatenate([[0.0], np.cumsum(gaps)])
    assert failure_of(made_up, made_score(), onset_s).applies == ("fast run",)


def test_an_ornament(made_up):
    assert failure_of(made_up, made_score(grace=(30,)), STEADY).applies == ("ornament",)
    assert failure_of(made_up, made_score(grace=(5,)), STEADY).applies == ()


def test_causes_in_a_later_passage_are_those_of_its_own_music(made_up):
    assert failure_of(made_up, made_score(grace=(40,)), STEADY, passed=10).applies == ("ornament",)
    assert failure_of(made_up, made_score(grace=(30,)), STEADY, passed=10).applies == ()
    same = np.arange(COUNT) + 30
    same[30:50] = 60
    assert failure_of(made_up, made_score(pitch=same), STEADY, passed=10).applies == ("repeated pattern",)


def test_what_stands_everywhere_explains_nothing(made_up):
    """Of two causes that apply, the one that is rare elsewhere is named."""
    everywhere = made_score(pitch=np.full(COUNT, 60), grace=(30,))
    failure = failure_of(made_up, everywhere, STEADY)
    assert failure.applies == ("repeated pattern", "ornament")
    rates = control_rates([failure])
    assert rates["repeated pattern"] > 0.8
    assert 0 < rates["ornament"] < 0.15
    assert rates["system start"] == 0
    assert name_cause(failure, rates) == "ornament"
    assert control_rates([]) == dict.fromkeys(CAUSES, 0.0)


def test_rules_are_numbers_that_can_be_changed(made_up):
    failure = failure_of(made_up, made_score(), STEADY)
    strict = find_failure(failure.trace, failure.score, CauseRules(near_share=0.9))
    assert strict.departure_frame == failure.trace.first_frame + 315


def test_the_atlas_has_every_failure_with_its_pictures(made_up, tiny_pieces, tmp_path):
    piece = tiny_pieces[0]
    track = piece.tracks()[0]
    states = track.last_frame - track.first_frame + 1
    trace = made_up(track, np.clip(np.arange(states) - 60, 0, None) * 4.0)
    failure = find_failure(trace, piece.score)
    page = write_atlas(tmp_path / "atlas", FailureSurvey("nobody", "tunes valid", "nottingham", 1, 2, (failure,)))
    content = json.loads((tmp_path / "atlas" / "failures.json").read_text())
    (told,) = content["moments"]
    assert (told["performance"], told["lost_s"]) == (track.name, failure.lost_frame / 20)
    assert told["error_px"] == pytest.approx(52)
    assert content["rules"]["run_onsets"] == CauseRules().run_onsets
    text = page.read_text()
    for name in told["pictures"]:
        assert name in text
        with Image.open(tmp_path / "atlas" / name) as picture:
            assert picture.size == (1280, 720)
    assert "lost in 1 of 2 performances of 1 pieces" in text
    assert told["cause"] in text
    nothing = write_atlas(tmp_path / "none", FailureSurvey("nobody", "tunes valid", "nottingham", 1, 2, ()))
    assert "No performance was lost" in nothing.read_text()


def test_a_small_picture_keeps_its_colours():
    shades = np.linspace(0, 255, 200).astype(np.uint8)
    picture = np.repeat(shades[None, :, None], 3, axis=2).repeat(60, axis=0)
    picture[:10, :40], picture[10:20, :40], picture[20:, 150:] = AGENT, TARGET, (221, 220, 219)
    with Image.open(io.BytesIO(drawing_png(picture))) as kept:
        off = np.abs(np.asarray(kept.convert("RGB")).astype(int) - picture)
    assert off.max() <= 6


def test_failures_are_found_by_playing(tiny_pieces, tiny_bundle):
    agent, counted = load_agent_player(str(tiny_bundle)), []
    narrow = replace(NOTTINGHAM, bound_px=5)
    survey = survey_failures(agent, tiny_pieces, game=narrow, what="tunes", progress=counted.append)
    assert (survey.pieces, survey.performances, counted) == (2, 4, [2])
    assert len(survey.failures) == 4, "no untrained agent stays within 5 px"
    assert [failure.trace.track.name for failure in survey.failures] == [
        track.name for piece in tiny_pieces for track in piece.tracks()
    ]
