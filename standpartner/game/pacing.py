"""Lets the steps of a game pass in real time."""

import time
from collections.abc import Callable

from standpartner.constants import FRAME_RATE_HZ
from standpartner.errors import ConfigError


class Pacer:
    """Lets steps pass at a steady rate: step k after the start is due ``k / rate_hz`` seconds after it.

    A step that comes early waits. A late step passes at once and does not move the due times of the steps after it.
    """

    def __init__(
        self,
        rate_hz: float = FRAME_RATE_HZ,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Set the rate; call `start` before the first `wait`.

        Args:
            rate_hz: The number of steps a second; the default is the rate of the frames.
            clock: The function that gives seconds which never go back.
            sleep: The function that waits for a number of seconds.

        Raises:
            ConfigError: The rate is not a positive number.
        """
        if not 0 < rate_hz < float("inf"):
            raise ConfigError(f"expected a positive number of steps a second, got {rate_hz}")
        self.rate_hz = rate_hz
        self._clock = clock
        self._sleep = sleep
        self._start_s = clock()
        self._steps = 0

    def start(self) -> None:
        """Start the clock from which the due times are counted."""
        self._start_s = self._clock()
        self._steps = 0

    def wait(self) -> float:
        """Wait until the next step is due.

        Returns:
            The seconds by which the step came too late; 0 when it was on time.
        """
        self._steps += 1
        early_s = self._start_s + self._steps / self.rate_hz - self._clock()
        if early_s > 0:
            self._sleep(early_s)
        return max(-early_s, 0.0)
