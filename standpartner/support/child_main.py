"""Runs as the child process of `standpartner.support.children.calls_apart`.

Its command is ``python -m standpartner.support.child_main FUNCTION TIME_LIMIT_S MEMORY_BYTES``, where the last word may
be empty. It imports the function, says that it is ready, and answers calls: a line of JSON with the keyword arguments
comes in, a line with ``value``, or with ``error`` and ``words``, goes out. Other output to standard output, such as
that of a library in C, goes to standard error instead.
"""

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from standpartner.errors import MemoryLimitError, StandpartnerError, ToolError
from standpartner.support.children import allow_time, become_child, describe


def main(arguments: list[str]) -> int:
    """Answer calls until there are no more."""
    place, time_limit_s, memory_bytes = arguments
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        module, _, name = place.partition(":")
        function: Callable[..., Any] = getattr(import_module(module), name)
        become_child(memory_bytes=int(memory_bytes) if memory_bytes else None)
        _send(answers, {"value": "ready"})
        for line in sys.stdin.buffer:
            allow_time(float(time_limit_s))
            _send(answers, _answer(function, json.loads(line)))
    return 0


def _send(answers: Any, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


def _answer(function: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        value = function(**arguments)
        json.dumps(value)
    except Exception as error:  # an error of one call must not lose the calls after it
        return error_answer(error)
    return {"value": value}


def error_answer(error: Exception) -> dict[str, str]:
    """Return an error of this package as it is, and any other as one: its kind in ``error``, its words in ``words``."""
    if isinstance(error, StandpartnerError):
        return {"error": type(error).__name__, "words": str(error)}
    if isinstance(error, MemoryError):
        return {"error": MemoryLimitError.__name__, "words": "needs more memory than it may take"}
    return {"error": ToolError.__name__, "words": describe(error)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
