"""Calls functions in child processes with limits: a call that hangs, aborts or takes too much memory fails alone.

`calls_apart` is for input that may be hostile or break the library that reads it: notation, pictures, PDF. The child is
a Python interpreter of its own that runs one of our functions. Arguments and results cross as lines of JSON, so
nothing that comes from a child is ever unpickled; large results are written to files that the arguments name.

`become_child`, `allow_time`, `cause_of_death` and `kill_group` are used by every child and its parent. The
builder of corpora, which forks processes for trusted work, and `run_program` use them too. The package
pebble does less: it ends a process, but not the programs that the process had started, and it unpickles results.
"""

import json
import math
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from standpartner import errors
from standpartner.errors import BrokenOffError, StandpartnerError, TimeLimitError, ToolError

try:
    import resource
except ImportError:  # not a Unix system: there are no limits of memory
    resource = None  # type: ignore[assignment]

START_LIMIT_S: Final = 120.0  # the time for the imports of a child
GRACE_S: Final = 5.0  # the time in which a process ends its own programs and removes its files
_PATIENCE_S: Final = 1.0  # the time for a child to end; code in C may keep it from signals
_ANSWER_BYTES: Final = 16 * 1024 * 1024
_LAST_WORDS: Final = 300
_TAIL_BYTES: Final = 1 << 20
_CALLS_A_CHILD: Final = 50  # the calls of one child before it is replaced


@dataclass(frozen=True)
class Limits:
    """The limits of a call in a child process or of a program.

    Attributes:
        time_s: The seconds after which it is ended.
        memory_bytes: The address space that it may take beyond that of the child at its start; None sets no limit.
            Systems that cannot limit a process's memory ignore it.
    """

    time_s: float
    memory_bytes: int | None = None


def call_apart(function: str, arguments: Mapping[str, Any], *, limits: Limits) -> Any:
    """Call a function in a child process.

    Args:
        function: The place of the function, ``package.module:name``. Only the child imports it.
        arguments: The keyword arguments of the function, of types that JSON knows.
        limits: The limits of the call.

    Returns:
        The result of the function, of types that JSON knows.

    Raises:
        StandpartnerError: The function raised an error of this package; the same error is raised here.
        TimeLimitError: The call took too long.
        MemoryLimitError: The call needed too much memory and said so.
        BrokenOffError: The child aborted or was killed.
        ToolError: The function raised any other error.

    The words of the last four have no subject; the caller puts the name of its input before them.
    """
    (answer,) = calls_apart(function, [arguments], limits=limits)
    if isinstance(answer, StandpartnerError):
        raise answer
    return answer


def calls_apart(
    function: str, calls: Sequence[Mapping[str, Any]], *, limits: Limits
) -> Generator[Any | StandpartnerError, None, None]:
    """Call a function several times, one after another, sharing the start of a child process.

    A call that ends its child loses only itself: the next one gets a fresh child. The child is ended when the generator
    is closed or used up.

    Args:
        function: The place of the function, ``package.module:name``. Only the child imports it.
        calls: The keyword arguments of each call, of types that JSON knows.
        limits: The limits of each call.

    Yields:
        The result of each call, in order, or the error that `call_apart` would raise.
    """
    child: _Child | None = None
    try:
        for number, arguments in enumerate(calls):
            if child is not None and (child.over or number % _CALLS_A_CHILD == 0):
                child.close()
                child = None
            try:
                child = child or _Child(function, limits)
                answer = child.call(arguments)
            except StandpartnerError as error:
                answer = error
            yield answer
    finally:
        if child is not None:
            child.close()


class _Child:
    """One child process. A thread listens to it, so that waiting can end at the time limit."""

    def __init__(self, function: str, limits: Limits) -> None:
        self._limits = limits
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `close`)
        memory = "" if limits.memory_bytes is None else str(limits.memory_bytes)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "standpartner.support.child_main", function, str(limits.time_s), memory],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
            env=child_environment(),
        )
        self._answers: queue.Queue[bytes] = queue.Queue()
        assert self._process.stdin is not None  # noqa: S101 (asked for above)
        assert self._process.stdout is not None  # noqa: S101
        self._calls, answers = self._process.stdin, self._process.stdout
        self._thread = threading.Thread(target=_listen, args=(answers, self._answers), daemon=True)
        self._thread.start()
        self._started = self._busy = False
        self._said_before = 0  # bytes that calls before this one wrote to standard error
        self.over = False

    def call(self, arguments: Mapping[str, Any]) -> Any:
        """Send one call and wait for its answer; after a failure of the child itself `over` is set."""
        self._busy = True
        self._said_before = os.fstat(self._errors.fileno()).st_size
        if not self._started:
            self._answer(START_LIMIT_S)
            self._started = True
        with suppress(BrokenPipeError):  # the child is dead; the missing answer is handled below
            self._calls.write(json.dumps(arguments).encode() + b"\n")
            self._calls.flush()
        answer = self._answer(self._limits.time_s)
        self._busy = False
        return answer

    def _answer(self, time_limit_s: float) -> Any:
        try:
            line = self._answers.get(timeout=time_limit_s)
        except queue.Empty:
            self.over = True
            raise TimeLimitError(f"took longer than {time_limit_s:g} s") from None
        if not line:
            self.over = True
            raise BrokenOffError(self._death())
        try:
            answer = json.loads(line)
            if "value" in answer:
                return answer["value"]
            error = rebuilt_error(str(answer["error"]), str(answer["words"]))
        except (ValueError, TypeError, KeyError) as wrong:
            self.over = True
            raise BrokenOffError(f"its process sent what is no answer ({wrong})") from wrong
        raise error

    def _death(self) -> str:
        try:
            code = self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            return f"its process sent more than {_ANSWER_BYTES} bytes or no more answers"
        words = last_words(self._errors, since=self._said_before)
        return cause_of_death(code) + (f"; its last words: {words}" if words else "")

    def close(self) -> None:
        """End the process: first by a signal, so that it ends its own programs, then by force with its whole group."""
        with suppress(BrokenPipeError):
            self._calls.close()
        if self._busy:  # it may be in code that reacts neither to this signal nor to the end of calls
            self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE_S)
        kill_group(self._process.pid)
        self._process.kill()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdout.close()
        self._errors.close()


def _listen(stdout: IO[bytes], answers: "queue.Queue[bytes]") -> None:
    """Pass on whole lines; an empty one marks the end."""
    while (line := stdout.readline(_ANSWER_BYTES)).endswith(b"\n"):
        answers.put(line)
    answers.put(b"")


def rebuilt_error(name: str, words: str) -> StandpartnerError:
    """Return the error that a child sent.

    Args:
        name: The name of its class; what is no error of this package becomes a `ToolError`.
        words: Its message.
    """
    kind = getattr(errors, name, None)
    if not (isinstance(kind, type) and issubclass(kind, StandpartnerError)):
        kind = ToolError
    return kind.__new__(kind, words)  # some errors take other arguments than their words


def child_environment() -> dict[str, str]:
    """Return an environment in which the child can import what this process can."""
    here = str(Path(__file__).resolve().parents[2])
    return {**os.environ, "PYTHONPATH": os.pathsep.join([here, *filter(None, sys.path)])}


def become_child(*, memory_bytes: int | None = None) -> None:
    """Prepare this process to be ended by its parent; call it in a child right after the imports.

    It leads a group of processes. The signal to terminate unwinds its stack, so that programs are ended and temporary
    folders removed on the way. Its memory is limited, where the system can do that.
    """
    if hasattr(os, "setsid") and os.getsid(0) != os.getpid():
        os.setsid()
    signal.signal(signal.SIGTERM, _leave)
    if memory_bytes is not None and resource is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = _address_space_bytes() + memory_bytes
        with suppress(ValueError):  # systems that have the limit, but do not set it
            resource.setrlimit(resource.RLIMIT_AS, (wanted if hard < 0 else min(wanted, hard), hard))


def allow_time(time_s: float | None) -> None:
    """Let the system end this process some seconds after a time limit, in case the parent is gone by then.

    Args:
        time_s: The limit; None takes the last one back.
    """
    if hasattr(signal, "alarm"):
        signal.alarm(0 if time_s is None else math.ceil(time_s + 2 * GRACE_S))


def kill_group(process_id: int) -> None:
    """Kill a process that leads a group, and all processes in that group."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process_id, signal.SIGKILL)


def cause_of_death(exit_code: int) -> str:
    """Return how a process ended, from its exit code (negative: the signal that killed it)."""
    if exit_code >= 0:
        return f"its process ended with exit code {exit_code}"
    hint = " (memory?)" if -exit_code == signal.SIGKILL else ""
    return f"was killed by signal {signal.Signals(-exit_code).name}{hint}"


def describe(error: Exception) -> str:
    """Return what an unexpected error was and where it was raised."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({os.path.basename(where.filename)}, line {where.lineno})"


def last_words(file: IO[bytes], *, since: int = 0) -> str:
    """Return the last line that a process wrote to a file after ``since`` bytes, at most 300 characters."""
    lines = tail(file, since=since).strip().splitlines()
    return lines[-1].strip()[:_LAST_WORDS] if lines else ""


def tail(file: IO[bytes], *, since: int = 0) -> str:
    """Return the end of a file as text: all after ``since`` bytes, at most a megabyte."""
    file.seek(max(since, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
    return file.read().decode(errors="replace")


def _leave(number: int, frame: object) -> None:
    raise SystemExit(1)


def _address_space_bytes() -> int:
    """Return the size of this process's address space, or 0 where the system does not report it."""
    statistics = Path("/proc/self/statm")
    pages = int(statistics.read_text().split()[0]) if statistics.is_file() else 0
    return pages * resource.getpagesize()
