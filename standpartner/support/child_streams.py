"""Calls a generator in a child process with limits, and passes on what it yields as it comes.

It is for long results of input that may be hostile, such as the sound of a recording: neither process ever holds the
whole. `standpartner.support.children` says why a child is used, and what happens to one that fails. A message is a kind
(``b`` for bytes, ``v`` for a value as JSON, ``e`` for an error, ``.`` for the end), a length of four bytes, and as many
bytes.
"""

import atexit
import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Mapping
from contextlib import suppress
from typing import IO, Any, Final

from standpartner.errors import BrokenOffError, TimeLimitError
from standpartner.support.children import (
    GRACE_S,
    START_LIMIT_S,
    Limits,
    cause_of_death,
    child_environment,
    kill_group,
    last_words,
    rebuilt_error,
)

HEADER_BYTES: Final = 5
BYTES, VALUE, ERROR, END = b"b", b"v", b"e", b"."
_MESSAGE_BYTES: Final = 128 * 1024 * 1024
_WAITING: Final = 2  # the messages that are read ahead of their use
_BREATH_S: Final = 0.05

_Message = tuple[bytes, bytes]


def stream_apart(function: str, arguments: Mapping[str, Any], *, limits: Limits) -> Generator[bytes | Any, None, None]:
    """Call a generator function in a child process, which is ended when this generator is closed or used up.

    Args:
        function: The place of the function, ``package.module:name``. Only the child imports it.
        arguments: The keyword arguments of the function, of types that JSON knows.
        limits: The limits of memory, and of the time in which each message must come.

    Yields:
        What the function yields: bytes, or values of types that JSON knows.

    Raises:
        StandpartnerError: As `standpartner.support.children.call_apart` raises it.
    """
    child = _StreamingChild(function, limits)
    atexit.register(child.close)  # a generator that is left open is closed too late: its thread stands still by then
    try:
        kind, _ = child.receive(START_LIMIT_S)
        child.send(arguments)
        while kind != END:
            kind, content = child.receive(limits.time_s)
            if kind == BYTES:
                yield content
            elif kind == VALUE:
                yield _value(content)
            elif kind == ERROR:
                error = _value(content)
                raise rebuilt_error(str(error["error"]), str(error["words"]))
    finally:
        atexit.unregister(child.close)
        child.close()


class _StreamingChild:
    """One child process. A thread listens to it, a few messages ahead, so that waiting can end at the time limit."""

    def __init__(self, function: str, limits: Limits) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `close`)
        memory = "" if limits.memory_bytes is None else str(limits.memory_bytes)
        words = ["-m", "standpartner.support.child_stream_main", function, str(limits.time_s), memory]
        self._process = subprocess.Popen(
            [sys.executable, "-P", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
            env=child_environment(),
        )
        assert self._process.stdin is not None  # noqa: S101 (asked for above)
        assert self._process.stdout is not None  # noqa: S101
        self._call, self._answers = self._process.stdin, self._process.stdout
        self._messages: queue.Queue[_Message | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=_listen, args=(self._answers, self._messages), daemon=True)
        self._thread.start()

    def send(self, arguments: Mapping[str, Any]) -> None:
        """Send the arguments of the call."""
        with suppress(BrokenPipeError):  # the child is dead; the missing answer is noticed
            self._call.write(json.dumps(arguments).encode() + b"\n")
            self._call.flush()

    def receive(self, time_limit_s: float) -> _Message:
        """Wait for the next message."""
        try:
            message = self._messages.get(timeout=time_limit_s)
        except queue.Empty:
            raise TimeLimitError(f"took longer than {time_limit_s:g} s") from None
        if message is None:
            raise BrokenOffError(self._death())
        return message

    def _death(self) -> str:
        try:
            code = self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            return "its process sent what is no answer"
        words = last_words(self._errors)
        return cause_of_death(code) + (f"; its last words: {words}" if words else "")

    def close(self) -> None:
        """End the process by force with its whole group; it writes no files that would have to be removed."""
        if self._errors.closed:
            return
        kill_group(self._process.pid)
        self._process.kill()
        self._process.wait()
        while self._thread.is_alive():
            with suppress(queue.Empty):
                self._messages.get(timeout=_BREATH_S)
        self._thread.join()
        with suppress(BrokenPipeError):
            self._call.close()
        self._answers.close()
        self._errors.close()


def _value(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError as wrong:
        raise BrokenOffError(f"its process sent what is no answer ({wrong})") from wrong


def _listen(answers: IO[bytes], messages: "queue.Queue[_Message | None]") -> None:
    """Pass on whole messages, then None."""
    while True:
        header = answers.read(HEADER_BYTES)
        size = int.from_bytes(header[1:], "little")
        if len(header) < HEADER_BYTES or size > _MESSAGE_BYTES:
            break
        content = answers.read(size)
        if len(content) < size:
            break
        messages.put((header[:1], content))
    messages.put(None)
