"""Generators in child processes: what they yield comes through, and a child that fails harms nothing else."""

import os
import subprocess
import sys
import time

import pytest

from standpartner.errors import AudioError, BrokenOffError, MemoryLimitError, TimeLimitError, ToolError
from standpartner.support.child_streams import stream_apart
from standpartner.support.children import Limits

LIMITS = Limits(time_s=30.0, memory_bytes=1 << 28)
HERE = "tests.support.test_child_streams"


def numbers(count):
    for number in range(count):
        yield {"number": number}
        yield bytes([number]) * 1_000_000


def fails(how):
    yield b"first"
    if how == "own":
        raise AudioError("no sound")
    if how == "other":
        raise KeyError("x")
    if how == "death":
        os.abort()
    if how == "memory":
        yield bytes(1 << 30)
    time.sleep(60)


def stream(name, arguments, limits=LIMITS):
    return stream_apart(f"{HERE}:{name}", arguments, limits=limits)


def test_all_comes_in_order():
    items = list(stream("numbers", {"count": 5}))
    assert items[::2] == [{"number": number} for number in range(5)]
    assert items[1::2] == [bytes([number]) * 1_000_000 for number in range(5)]


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ("own", AudioError, "no sound"),
        ("other", ToolError, "KeyError"),
        ("death", BrokenOffError, "SIGABRT"),
        ("memory", MemoryLimitError, "more memory"),
    ],
)
def test_what_fails_is_said_behind_what_came(how, kind, words):
    items = stream("fails", {"how": how})
    assert next(items) == b"first"
    with pytest.raises(kind, match=words):
        next(items)


def test_what_hangs_is_ended():
    items = stream("fails", {"how": "hang"}, Limits(time_s=2))
    assert next(items) == b"first"
    with pytest.raises(TimeLimitError, match="longer than 2 s"):
        next(items)


def test_a_stream_that_is_left_ends_its_child():
    items = stream("pid", {})
    child = int(next(items))
    items.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def pid():
    yield os.getpid()
    while True:
        yield bytes(1_000_000)


def test_a_stream_that_is_left_open_harms_nothing_when_the_program_ends():
    code = f"from {HERE} import stream\nitems = stream('numbers', {{'count': 50}})\nnext(items)\nraise SystemExit(3)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (3, "")
