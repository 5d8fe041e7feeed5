"""Sound that was not followed yet: neighbours are joined, so that a late follower catches up with less work."""

import threading
from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

_TOGETHER_S: Final = 0.1  # more at once would tell devices of many positions in one go


class WaitingSound:
    """Keeps sound in order between the event loop, which adds it, and the thread that follows it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: deque[tuple[NDArray[np.float32], tuple[int, int]]] = deque()

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
            self._parts.append((samples, (rate_hz, after)))

    def take(self, *, after: int) -> tuple[NDArray[np.float32], int] | None:
        """Take the oldest sound with what follows it: up to 0.1 s of one rate and number of channels.

        Args:
            after: The count of commands that came before the sound that is wanted.

        Returns:
            The samples and their rate in samples a second, or None if no such sound waits.
        """
        with self._lock:
            if not self._parts or self._parts[0][1][1] != after:
                return None
            first, kind = self._parts.popleft()
            joined, length = [first], len(first)
            while self._parts and self._parts[0][1] == kind and self._parts[0][0].shape[1] == first.shape[1]:
                length += len(self._parts[0][0])
                if length > _TOGETHER_S * kind[0]:
                    break
                joined.append(self._parts.popleft()[0])
            return np.concatenate(joined), kind[0]
