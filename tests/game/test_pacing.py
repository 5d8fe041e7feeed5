import pytest

from standpartner.errors import ConfigError
from standpartner.game import Pacer


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self):
        self.now_s, self.slept = 50.0, []

    def __call__(self):
        return self.now_s

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now_s += seconds


def started(clock, rate_hz=20):
    pacer = Pacer(rate_hz, clock=clock, sleep=clock.sleep)
    pacer.start()
    return pacer


def test_early_steps_wait_for_their_time():
    clock = Clock()
    pacer = started(clock)
    for work_s in (0.0, 0.01, 0.049):
        clock.now_s += work_s
        assert pacer.wait() == 0
    assert clock.slept == pytest.approx([0.05, 0.04, 0.001])


def test_late_steps_pass_at_once_and_do_not_move_the_later_ones():
    clock = Clock()
    pacer = started(clock)
    clock.now_s += 0.12
    assert pacer.wait() == pytest.approx(0.07)
    assert pacer.wait() == pytest.approx(0.02)
    assert clock.slept == []
    assert pacer.wait() == 0
    assert clock.now_s == pytest.approx(50.15)


def test_counts_from_each_start():
    clock = Clock()
    pacer = started(clock, rate_hz=4)
    pacer.wait()
    clock.now_s += 100
    pacer.start()
    assert pacer.wait() == 0
    assert clock.slept == pytest.approx([0.25, 0.25])


@pytest.mark.parametrize("rate_hz", [0, -1, float("inf"), float("nan")])
def test_a_rate_that_cannot_be_is_refused(rate_hz):
    with pytest.raises(ConfigError, match="positive number of steps a second"):
        Pacer(rate_hz)
