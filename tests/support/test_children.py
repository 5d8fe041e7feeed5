"""Calls in child processes: answers, errors, limits, and nothing left behind."""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest

from standpartner.errors import (
    BrokenOffError,
    MemoryLimitError,
    MissingExtraError,
    ScoreError,
    StandpartnerError,
    TimeLimitError,
    ToolError,
)
from standpartner.support.children import Limits, call_apart, calls_apart
from standpartner.support.programs import run_program

ENOUGH = Limits(time_s=30)


ERRORS = {
    "refuse": ScoreError("the score is blank"),
    "miss": MissingExtraError("Fancy", "pip install fancy"),
    "fail": KeyError("the key"),
}


def misbehave(kind: str, note: str = "") -> object:
    """Do as told; this runs in the child."""
    if kind == "pid":
        return os.getpid()
    if kind in ERRORS:
        raise ERRORS[kind]
    if kind == "die":
        os._exit(3)
    if kind == "abort":
        os.write(2, b"first\nout of ink\n")
        os.abort()
    if kind == "chatter":
        os.write(1, b'{"value": "not the answer"}\n')
        os.write(2, b"mind the ink\n")
    if kind == "take":
        return len(bytearray(200 << 20))
    if kind == "object":
        return object()
    if kind == "hang":
        Path(note).write_text(str(os.getpid()))
        time.sleep(60)
    if kind == "nest":  # hangs in a program in a group of its own, beside a temporary folder
        with tempfile.TemporaryDirectory() as folder:
            script = f"echo $${folder} > '{note}'; exec sleep 60"  # a shell is there sooner than Python
            run_program(["sh", "-c", script], limits=Limits(60))
    return kind


PLACE = f"{misbehave.__module__}:{misbehave.__name__}"


def answers(*kinds: str, limits: Limits = ENOUGH) -> list[object]:
    return list(calls_apart(PLACE, [{"kind": kind} for kind in kinds], limits=limits))


def test_calls_share_a_child_until_one_ends_it() -> None:
    first, second, refused, third, aborted, fourth = answers("pid", "pid", "refuse", "pid", "abort", "pid")
    assert first == second == third != fourth
    assert first != os.getpid()
    assert isinstance(refused, ScoreError)
    assert str(refused) == "the score is blank"
    assert isinstance(aborted, BrokenOffError)
    assert str(aborted) == "was killed by signal SIGABRT; its last words: out of ink"


def test_last_words_are_those_of_the_call() -> None:
    _, died = answers("chatter", "die")
    assert str(died) == "its process ended with exit code 3"


def test_what_a_function_raises_or_prints_is_told_from_what_it_returns() -> None:
    missing, failed, chatter, thing = answers("miss", "fail", "chatter", "object")
    assert isinstance(missing, MissingExtraError)
    assert str(missing) == "Fancy is not installed; install it with: pip install fancy"
    assert type(failed) is ToolError
    assert str(failed).startswith("KeyError: 'the key' (test_children.py, line ")
    assert chatter == "chatter"
    assert isinstance(thing, ToolError)
    assert "not JSON serializable" in str(thing)


def test_one_call_raises_what_the_child_raised() -> None:
    assert call_apart(PLACE, {"kind": "fine"}, limits=ENOUGH) == "fine"
    with pytest.raises(ScoreError, match="blank"):
        call_apart(PLACE, {"kind": "refuse"}, limits=ENOUGH)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is known to keep limits of memory")
def test_memory_is_limited_beyond_what_the_child_has_at_its_start() -> None:
    taken, after = answers("take", "fine", limits=Limits(time_s=30, memory_bytes=100 << 20))
    assert isinstance(taken, MemoryLimitError)
    assert after == "fine"
    assert answers("take", limits=Limits(time_s=30, memory_bytes=400 << 20)) == [200 << 20]


def test_what_takes_too_long_is_ended_with_its_programs_and_files(tmp_path: Path, wait_for, is_over) -> None:
    note = tmp_path / "note"
    late, after = calls_apart(PLACE, [{"kind": "nest", "note": str(note)}, {"kind": "fine"}], limits=Limits(time_s=2))
    assert isinstance(late, TimeLimitError)
    assert str(late) == "took longer than 2 s"
    assert after == "fine"
    pid, _, folder = note.read_text().partition("/")
    assert not Path("/" + folder.strip()).exists()
    assert wait_for(lambda: is_over(int(pid)))


def test_a_reader_that_stops_listening_leaves_no_process(is_over) -> None:
    with closing(calls_apart(PLACE, [{"kind": "pid"}, {"kind": "fine"}], limits=ENOUGH)) as results:
        pid = next(results)
        assert not is_over(pid)
    assert is_over(pid)


def test_an_interrupted_program_leaves_no_process(tmp_path: Path, wait_for, is_over) -> None:
    note = tmp_path / "note"
    script = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it\n"
        "from standpartner.support.children import Limits, call_apart\n"
        f"call_apart({PLACE!r}, {{'kind': 'hang', 'note': {str(note)!r}}}, limits=Limits(60))"
    )
    paths = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    with subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": paths}, stderr=subprocess.PIPE
    ) as program:
        assert wait_for(lambda: note.is_file() and note.read_text())
        program.send_signal(2)
        assert b"KeyboardInterrupt" in program.communicate(timeout=30)[1]
    assert is_over(int(note.read_text()))


def test_a_function_that_is_not_there_is_an_error_with_the_childs_words() -> None:
    with pytest.raises(BrokenOffError, match=r"exit code 1; its last words: ModuleNotFoundError: .*nowhere"):
        call_apart("nowhere:nothing", {}, limits=ENOUGH)
    assert issubclass(BrokenOffError, StandpartnerError)
