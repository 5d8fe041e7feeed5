"""Runs the work of many listeners on a thread, so that the event loop stays free.

Each listener has a lane: its work is done in order. Lanes that have work are served in turn, one piece of work each,
so that nobody waits for a listener with much to do. There is one thread, because following is mostly Python: a second
one would wait for the interpreter's lock most of the time, and make both wait longer.
"""

import asyncio
import os
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

_POLITE: Final = 10
_MEMORY: Final = 0.02  # the weight of one piece of work in the mean delay


class Lane:
    """The work of one listener. `Engine.submit` adds to it.

    Attributes:
        late_s: The delay of the last piece of work, from its coming to its end, in s.
    """

    def __init__(self) -> None:
        self.work: deque[tuple[float, Callable[[], Any], Callable[[Any], None]]] = deque()
        self.lock = threading.Lock()
        self.busy = False
        self.late_s = 0.0

    @property
    def waiting_s(self) -> float:
        """The time for which the oldest piece of work has waited, in s."""
        try:
            return time.perf_counter() - self.work[0][0]
        except IndexError:
            return 0.0


class Engine:
    """Runs work on a thread and tells the event loop the results.

    Attributes:
        late_s: The mean delay of the last pieces of work, from coming to end, in s.
    """

    def __init__(self) -> None:
        self.late_s = 0.0
        self._ready: queue.SimpleQueue[Lane | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._thread.start()

    def submit(self, lane: Lane, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Add a piece of work to a lane.

        Args:
            lane: The lane.
            work: The function that does it, in the thread.
            done: The function that is called in the event loop with its result, unless that is empty, or with the
                exception that it raised.
        """
        with lane.lock:
            lane.work.append((time.perf_counter(), work, done))
            if lane.busy:
                return
            lane.busy = True
        self._ready.put(lane)

    def close(self) -> None:
        """End the thread after the work that it is doing, and wait for that."""
        self._ready.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (lane := self._ready.get()) is not None:
            came, work, done = lane.work[0]
            try:
                result: Any = work()
            except Exception as error:
                result = error
            lane.late_s = time.perf_counter() - came
            self.late_s += _MEMORY * (lane.late_s - self.late_s)
            with lane.lock:
                lane.work.popleft()
                lane.busy = bool(lane.work)
                again = lane.busy
            if again:
                self._ready.put(lane)
            if result or isinstance(result, Exception):
                self.tell(done, result)

    def tell(self, done: Callable[[Any], None], result: Any) -> None:
        """Call a function in the event loop soon; threads may use it."""
        try:
            self._loop.call_soon_threadsafe(done, result)
        except RuntimeError:  # the loop is closed: the server has ended
            return


def give_way() -> None:
    """Let this thread, and the child processes that it starts, give way to those that follow (Linux; nowhere else)."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _POLITE)
