"""Runs as the child process of `standpartner.support.child_streams.stream_apart`.

Its command is ``python -m standpartner.support.child_stream_main FUNCTION TIME_LIMIT_S MEMORY_BYTES``, where the last
word may be empty. It imports the generator function, says that it is ready, reads a line of JSON with the keyword
arguments, and sends what the function yields. Other output to standard output goes to standard error instead.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import IO, Any

from standpartner.support.child_main import error_answer
from standpartner.support.child_streams import BYTES, END, ERROR, VALUE
from standpartner.support.children import allow_time, become_child


def main(arguments: list[str]) -> int:
    """Answer one call."""
    place, time_limit_s, memory_bytes = arguments
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        module, _, name = place.partition(":")
        function: Callable[..., Iterator[Any]] = getattr(import_module(module), name)
        become_child(memory_bytes=int(memory_bytes) if memory_bytes else None)
        _send(answers, VALUE, b'"ready"')
        call = sys.stdin.buffer.readline()
        try:
            allow_time(float(time_limit_s))
            for item in function(**json.loads(call)):
                allow_time(None)  # the parent may take its time to read
                _send(answers, *((BYTES, item) if isinstance(item, bytes) else (VALUE, json.dumps(item).encode())))
                allow_time(float(time_limit_s))
        except BrokenPipeError:  # the parent is gone
            return 1
        except Exception as error:
            _send(answers, ERROR, json.dumps(error_answer(error)).encode())
        _send(answers, END, b"")
    return 0


def _send(answers: IO[bytes], kind: bytes, content: bytes) -> None:
    answers.write(kind + len(content).to_bytes(4, "little"))
    answers.write(content)
    answers.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
