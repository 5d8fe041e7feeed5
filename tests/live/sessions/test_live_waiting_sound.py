import numpy as np
import numpy.testing as npt

from standpartner.live.sessions.waiting_sound import WaitingSound


def sound(value, *, n=3, channels=1):
    return np.full((n, channels), value, np.float32)


def test_neighbours_of_one_kind_are_taken_together_and_in_order():
    waiting = WaitingSound()
    waiting.add(sound(1), rate_hz=48_000, after=0)
    waiting.add(sound(2), rate_hz=48_000, after=0)
    samples, rate_hz = waiting.take(after=0)
    npt.assert_array_equal(samples[:, 0], [1, 1, 1, 2, 2, 2])
    assert (rate_hz, len(waiting), waiting.take(after=0)) == (48_000, 0, None)


def test_a_change_of_rate_or_channels_is_taken_next():
    waiting = WaitingSound()
    for samples, rate_hz in [(sound(1), 48_000), (sound(2), 44_100), (sound(3, channels=2), 44_100)]:
        waiting.add(samples, rate_hz=rate_hz, after=0)
    taken = [waiting.take(after=0) for _ in range(3)]
    assert [(rate_hz, samples.shape[1]) for samples, rate_hz in taken] == [(48_000, 1), (44_100, 1), (44_100, 2)]


def test_no_more_than_a_tenth_of_a_second_is_taken_together():
    waiting = WaitingSound()
    for value in range(7):
        waiting.add(sound(value, n=960), rate_hz=48_000, after=0)
    assert [len(waiting.take(after=0)[0]) for _ in range(2)] == [4800, 1920]


def test_sound_before_and_after_a_command_is_not_taken_together():
    waiting = WaitingSound()
    for value, after in [(1, 0), (2, 0), (3, 1)]:
        waiting.add(sound(value), rate_hz=48_000, after=after)
    assert [len(waiting.take(after=0)[0]), waiting.take(after=0), len(waiting.take(after=1)[0])] == [6, None, 3]
