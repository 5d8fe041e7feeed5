"""External programs: what they say, and how they fail."""

import sys
import time
from pathlib import Path

import pytest

from standpartner.errors import TimeLimitError, ToolError
from standpartner.support.children import Limits
from standpartner.support.programs import run_program

ENOUGH = Limits(time_s=30)


def python(script: str, **options: object):
    return run_program([sys.executable, "-c", script], **{"limits": ENOUGH} | options)


def test_a_programs_words_and_surroundings(tmp_path: Path) -> None:
    script = "import os, sys; print(os.getcwd(), os.environ['TUNE']); print('oh', file=sys.stderr)"
    done = python(script, folder=tmp_path, environment={"TUNE": "menuet"})
    assert (done.exit_code, done.output, done.errors) == (0, f"{tmp_path} menuet\n", "oh\n")


def test_a_program_that_fails_is_an_error_with_its_last_words() -> None:
    script = "import sys; print('well'); print('no such note', file=sys.stderr); sys.exit(3)"
    with pytest.raises(ToolError, match=r"failed \(its process ended with exit code 3\): no such note"):
        python(script)
    assert python(script, check=False).exit_code == 3
    with pytest.raises(ToolError, match="was killed by signal SIGABRT"):
        python("import os; os.abort()")


def test_a_program_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="/none cannot be run: "):
        run_program([tmp_path / "none"], limits=ENOUGH)


def test_a_program_that_takes_too_long_is_killed_with_what_it_started(tmp_path: Path, wait_for, is_over) -> None:
    script = f"sleep 60 & echo $! > '{tmp_path}/note'; sleep 60"  # a shell is there sooner than Python
    start_s = time.monotonic()
    with pytest.raises(TimeLimitError, match=r"took longer than 2 s"):
        run_program(["sh", "-c", script], limits=Limits(time_s=2))
    assert time.monotonic() - start_s < 30
    other = int((tmp_path / "note").read_text())
    assert wait_for(lambda: is_over(other))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of another process")
def test_a_programs_memory_is_limited() -> None:
    limit = 512 << 20
    script = (
        "import resource, time\n"
        f"while resource.getrlimit(resource.RLIMIT_AS)[0] != {limit}: time.sleep(0.01)\n"  # it is set a moment later
        "bytearray(1 << 30)"
    )
    with pytest.raises(ToolError, match="MemoryError"):
        python(script, limits=Limits(time_s=30, memory_bytes=limit))
