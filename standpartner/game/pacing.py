"""Real time: holding steps back to the pace at which a performance is heard."""

import time
from collections.abc import Callable

from standpartner.constants import FRAME_RATE_HZ
from standpartner.errors import ConfigError


class Pacer:
    """Lets steps pass at a steady rate: step k after the start is due ``k / rate_hz`` seconds after it.

    A step that comes early waits. One that comes late passes at once, and those after it are due when they always were:
    the music does not wait either.
    """

    def __init__(
        self,
        rate_hz: float = FRAME_RATE_HZ,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare it; call `start` before the first `wait`.

        Args:
            rate_hz: The number of steps a second; the default is the rate of the frames.
            clock: It gives seconds that never go back.
            sleep: It waits for so many seconds.

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
        """Count from now on."""
        self._start_s = self._clock()
        self._steps = 0

    def wait(self) -> float:
        """Wait until the next step is due.

        Returns:
            Seconds by which it came too late; 0 when it was on time.
        """
        self._steps += 1
        early_s = self._start_s + self._steps / self.rate_hz - self._clock()
        if early_s > 0:
            self._sleep(early_s)
        return max(-early_s, 0.0)
