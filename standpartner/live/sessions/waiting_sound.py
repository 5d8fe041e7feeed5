"""Sound that was not followed yet: neighbours are joined, so that a late follower catches up with less work."""

import threading
from collections import deque
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_TOGETHER_S: Final = 0.1  # more at once would tell devices of many positions in one go


class _Part(NamedTuple):
    samples: NDArray[np.float32]
    rate_hz: int
    after: int

    def goes_on(self, other: "_Part") -> bool:
        """Tell whether it can be joined to the part before it."""
        return (self.rate_hz, self.after, self.samples.shape[1]) == (other.rate_hz, other.after, other.samples.shape[1])


class WaitingSound:
    """Keeps sound in order between the event loop, which adds it, and the thread that follows it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: deque[_Part] = deque()

    def __len__(self) -> int:
        return len(self._parts)

    def add(self, samples: NDArray[np.float32], *, rate_hz: int, after: int) -> None:
        """Add samples.

        Args:
            samples: The samples, float32 (n, channels).
            rate_hz: The samples a second.
            after: The count of commands before them, which sound is not joined across.
        """
        with self._lock:
            self._parts.append(_Part(samples, rate_hz, after))

    def take(self, *, after: int) -> tuple[NDArray[np.float32], int] | None:
        """Take the oldest sound with what follows it: up to 0.1 s of one rate and number of channels.

        Args:
            after: The count of commands that came before the sound that is wanted.

        Returns:
            The samples and their rate in samples a second, or None if no such sound waits.
        """
        with self._lock:
            if not self._parts or self._parts[0].after != after:
                return None
            first = self._parts.popleft()
            joined, length = [first.samples], len(first.samples)
            while self._parts and self._parts[0].goes_on(first):
                length += len(self._parts[0].samples)
                if length > _TOGETHER_S * first.rate_hz:
                    break
                joined.append(self._parts.popleft().samples)
            return np.concatenate(joined), first.rate_hz
