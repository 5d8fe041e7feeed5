"""Runs external programs with an argument list, a time limit and, where the system has it, a memory limit."""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from standpartner.errors import TimeLimitError, ToolError
from standpartner.support.children import Limits, cause_of_death, kill_group, last_words, tail

try:
    from resource import RLIMIT_AS, prlimit
except ImportError:  # only Linux limits the memory of another process
    prlimit = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Finished:
    """A program that ran to its end.

    Attributes:
        exit_code: The exit code; it is negative if a signal killed the program.
        output: The end of its standard output, at most a megabyte.
        errors: The end of its standard error, at most a megabyte.
    """

    exit_code: int
    output: str
    errors: str


def run_program(
    command: Sequence[str | Path],
    *,
    limits: Limits,
    folder: Path | None = None,
    environment: Mapping[str, str | None] | None = None,
    check: bool = True,
) -> Finished:
    """Run a program to its end; at the time limit or an interrupt it and all it started are killed.

    Args:
        command: The program and its arguments; no shell reads them.
        limits: The limits of the program. The memory counts from zero, and is limited on Linux only.
        folder: The folder in which it runs; None is the current folder.
        environment: The variables to set beside those of this process; None removes one.
        check: Whether an exit code other than 0 is an error.

    Raises:
        TimeLimitError: The program took too long.
        ToolError: The program cannot be started, or failed; its last words are in the message.
    """
    name = Path(command[0]).name
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=folder,
                env=_merged(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            raise ToolError(f"{command[0]} cannot be run: {error}") from error
        code = _wait(process, limits, name)
        if check and code != 0:
            words = last_words(errors) or last_words(output)
            raise ToolError(f"{name} failed ({cause_of_death(code)})" + (f": {words}" if words else ""))
        return Finished(code, tail(output), tail(errors))


def _merged(environment: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in {**os.environ, **environment}.items() if value is not None}


def _wait(process: "subprocess.Popen[bytes]", limits: Limits, name: str) -> int:
    try:
        if limits.memory_bytes is not None and prlimit is not None:
            prlimit(process.pid, RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
        return process.wait(timeout=max(0.0, limits.time_s))
    except subprocess.TimeoutExpired as error:
        raise TimeLimitError(f"{name} took longer than {limits.time_s:g} s and was ended") from error
    finally:
        kill_group(process.pid)
        if process.poll() is None:
            process.kill()
        process.wait()
