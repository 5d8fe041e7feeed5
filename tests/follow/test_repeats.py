"""At a repeat sign: the jump that is played is heard at once, and none where the player goes on as printed."""

import numpy as np
import pytest

from standpartner.errors import ConfigError
from standpartner.follow.pursuit import Pursuit, PursuitConfig
from standpartner.follow.repeats import RepeatConfig, RepeatSigns
from standpartner.follow.search import SearchConfig
from standpartner.score import PrintedJump

COLUMNS, SIGN = 300, 100
# One pitch at a time fits many columns by chance, so the search must be slow to believe one; see test_pursuit.
CAREFUL = PursuitConfig(evidence=4.0, gathered=1.0, search=SearchConfig(trust=0.15))
BACK, ON = PrintedJump(8.0 * SIGN, 160.0), PrintedJump(8.0 * SIGN, 1600.0)


@pytest.fixture
def melody(pitch_agent):
    return np.random.default_rng(1).integers(0, pitch_agent.pitches, COLUMNS)


@pytest.fixture
def reader(pitch_agent):
    """An agent that reads the pitch of a column from how dark it is, and counts what it compares."""

    class Reader(type(pitch_agent)):
        compared = 0

        def read(self, strip):
            return self.view(strip[0, 4::8] // 20)

        def search(self, keys, embedding):
            self.compared += 1
            return super().search(keys, embedding)

    return Reader()


def strip_of(melody):
    return np.tile(np.repeat(20 * melody, 8).astype(np.uint8), (160, 1))


def signs_of(reader, melody, *jumps, config=None):
    return RepeatSigns(reader, strip_of(melody), view=reader.view(melody), jumps=jumps, config=config or RepeatConfig())


def listen(signs, embeddings, *, first_px, times=1.0):
    """Let the agent read on at 4 px a frame; return the frame and place of the first jump."""
    for frame, embedding in enumerate(embeddings):
        found = signs.take(embedding, agent_px=first_px + 4.0 * frame, times=times)
        if found:
            return frame, found
    return None


@pytest.mark.parametrize(("jumps", "to"), [((BACK,), 20), ((BACK, ON), 20), ((BACK, ON), 200)])
def test_the_jump_that_is_played_is_heard(reader, melody, jumps, to):
    before, after = reader.play(melody, SIGN - 20, SIGN), reader.play(melody, to, to + 40)
    frame, found = listen(signs_of(reader, melody, *jumps), before + after, first_px=8.0 * SIGN - 160)
    assert len(before) < frame <= len(before) + 12
    assert found.x_px == pytest.approx(8 * to + 4 + 4 * (frame - len(before)), abs=12)
    assert found.speed_px == pytest.approx(4, abs=1)


def test_at_the_end_of_the_score_too(reader, melody):
    whole = PrintedJump(8.0 * COLUMNS, 0.0)
    before, after = reader.play(melody, COLUMNS - 20, COLUMNS), reader.play(melody, 0, 40)
    frame, _ = listen(signs_of(reader, melody, whole), before + after, first_px=8.0 * COLUMNS - 160)
    assert len(before) < frame <= len(before) + 12


def test_no_jump_where_the_player_goes_on_as_printed(reader, melody):
    heard = reader.play(melody, SIGN - 20, SIGN + 60)
    assert listen(signs_of(reader, melody, BACK, ON), heard, first_px=8.0 * SIGN - 160) is None


def test_no_jump_where_both_ways_sound_alike(reader, melody):
    melody[SIGN : SIGN + 60] = melody[20:80]
    heard = reader.play(melody, SIGN - 20, SIGN + 60)
    assert listen(signs_of(reader, melody, BACK), heard, first_px=8.0 * SIGN - 160) is None


def test_more_evidence_may_be_asked_for(reader, melody):
    heard = reader.play(melody, SIGN - 20, SIGN) + reader.play(melody, 20, 60)
    usual, _ = listen(signs_of(reader, melody, BACK), heard, first_px=8.0 * SIGN - 160)
    later, _ = listen(signs_of(reader, melody, BACK), heard, first_px=8.0 * SIGN - 160, times=3.0)
    assert later > usual
    assert listen(signs_of(reader, melody, BACK), heard, first_px=8.0 * SIGN - 160, times=np.inf) is None


@pytest.mark.parametrize("first_px", [0.0, 8.0 * SIGN + 8, 1400.0])
def test_nothing_is_compared_where_no_sign_is_near_ahead(reader, melody, first_px):
    listen(signs_of(reader, melody, BACK, ON), reader.play(melody, 0, 60), first_px=first_px)
    assert reader.compared == 0


def test_no_test_goes_on_after_the_agent_was_put_elsewhere(reader, melody):
    signs = signs_of(reader, melody, BACK)
    heard = reader.play(melody, SIGN - 20, SIGN) + reader.play(melody, 20, 60)
    for frame, embedding in enumerate(heard[:40]):
        signs.take(embedding, agent_px=8.0 * SIGN - 160 + 4.0 * frame)
    signs.forget()
    assert listen(signs, heard[40:], first_px=8.0 * SIGN) is None


@pytest.mark.parametrize("known", [True, False])
def test_the_follower_is_there_sooner_when_it_knows_the_sign(reader, melody, known):
    before, after = reader.play(melody, 0, SIGN), reader.play(melody, 20, 60)
    signs = signs_of(reader, melody, BACK) if known else None
    pursuit = Pursuit(reader, reader.view(melody), width_px=8 * COLUMNS, start_px=4.0, config=CAREFUL, signs=signs)
    jumps = []
    for frame, embedding in enumerate(before + after):
        step = pursuit.step(embedding)
        jumps += [] if step.jumped_from_px is None else [frame - len(before)]
    assert abs(pursuit.position_px - 8 * 60) < 24
    assert len(jumps) == 1
    assert jumps[0] <= 12 if known else jumps[0] > 12


def test_a_place_that_a_person_gave_is_not_left_at_a_sign(reader, melody):
    signs = signs_of(reader, melody, BACK)
    pursuit = Pursuit(reader, reader.view(melody), width_px=8 * COLUMNS, start_px=4.0, config=CAREFUL, signs=signs)
    pursuit.move_to(8.0 * SIGN - 60)
    heard = reader.play(melody, SIGN - 8, SIGN) + reader.play(melody, 20, 31)
    assert all(pursuit.step(embedding).jumped_from_px is None for embedding in heard)


@pytest.mark.parametrize("wrong", [{"past": 1.1}, {"before_px": 10.0}, {"before_px": 500.0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="expected"):
        RepeatConfig(**wrong)


def test_without_settings_no_sign_is_listened_at(reader, melody):
    config = PursuitConfig(repeats=None)
    signs = RepeatSigns(reader, strip_of(melody), view=reader.view(melody), jumps=(BACK,), config=config.repeats)
    heard = reader.play(melody, SIGN - 20, SIGN) + reader.play(melody, 20, 60)
    assert listen(signs, heard, first_px=8.0 * SIGN - 160) is None
    assert reader.compared == 0
