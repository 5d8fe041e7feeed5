"""Prints the most memory that `standpartner follow` takes for recordings of different lengths.

    python benchmarks/memory.py [--minutes 10 120] [--agent NAME]

The recording is the demo's canon for piano, repeated, as WAV; the score is the scan of it. Positions and the page with
the sound are written, too. Each length is followed by a command of its own. The memory of the processes that read the
score and decode the sound is not counted; it does not depend on the length.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import soundfile

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.demo.bundled import load_canon
from standpartner.hear import read_audio

_KIB_A_MIB: Final = 1024
_COMMAND: Final = "--command"


def main() -> None:
    """Follow recordings of some lengths and print a table."""
    if sys.argv[1:2] == [_COMMAND]:
        sys.exit(_run(sys.argv[2:]))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0, 120.0])
    parser.add_argument("--agent", default="piano")
    options = parser.parse_args()
    print("| recording | most memory | seconds |\n|---|---:|---:|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for minutes in options.minutes:
            recording = folder / "recording.wav"
            _write_recording(recording, minutes * 60.0)
            outputs = ["--json", str(folder / "positions.jsonl"), "--html", str(folder / "page.html")]
            score = str(load_canon().score)
            _measure(["follow", score, str(recording), "--agent", options.agent, *outputs], minutes)


def _write_recording(path: Path, length_s: float) -> None:
    audio = read_audio(load_canon().recording)
    with soundfile.SoundFile(path, "w", SAMPLE_RATE_HZ, 1, subtype="PCM_16") as file:
        left = round(length_s * SAMPLE_RATE_HZ)
        while left > 0:
            file.write(audio[:left])
            left -= min(left, len(audio))


def _measure(arguments: Sequence[str], minutes: float) -> None:
    begun_s = time.perf_counter()
    words = [sys.executable, __file__, _COMMAND, *arguments]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"standpartner {' '.join(arguments)} failed: {run.stderr[-2000:]}")
    memory_mib = int(run.stderr.split()[-1]) / _KIB_A_MIB
    print(f"| {minutes:g} min | {memory_mib:.0f} MiB | {time.perf_counter() - begun_s:.0f} |", flush=True)


def _run(arguments: Sequence[str]) -> int:
    """Run the command in this process, and write the most memory that it took, in KiB, to standard error."""
    from standpartner.cli import main as command

    sys.argv = ["standpartner", *arguments]
    status = 0
    try:
        command()
    except SystemExit as end:
        status = int(end.code or 0)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
    return status


if __name__ == "__main__":
    main()
