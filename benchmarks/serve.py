"""Drives many real-time listeners over WebSockets against a server of its own, and prints the delays.

    python benchmarks/serve.py --listeners 40 --seconds 30

Each listener sends the bundled recording in frames of 20 ms at 48 kHz, from a place of its own on. The delay of a
position is the time from sending the last sample that it was decided by to its arrival. The server and the listeners
share the machine's cores, so the server has fewer in truth than there are.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soxr
import websockets

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.demo.bundled import load_canon
from standpartner.hear import read_audio
from standpartner.live.scores.library import Library
from standpartner.live.scores.reading import read_folder, write_reading
from standpartner.score import read_print

RATE_HZ, FRAME_S = 48_000, 0.02
SCORE = "canon"
TRY_AGAIN_LATER = 1013  # the code with which a server without room closes


@dataclass
class Heard:
    """What one listener was told.

    Attributes:
        delays_s: The delay of each position.
        ended: Why the server ended the connection; None if it did not.
    """

    delays_s: list[float] = field(default_factory=list)
    ended: str | None = None


def prepare(folder: Path) -> None:
    """Put the bundled canon into a library."""
    score = read_print([load_canon().score]).score
    library = Library(folder)
    (library.score_folder(SCORE) / "files").mkdir(parents=True)
    library.add_score(SCORE, "Canon", kind="print")
    record = library.score(SCORE)
    assert record is not None  # noqa: S101
    read_folder(library, record).mkdir()
    write_reading(score, read_folder(library, record))
    library.change_score(SCORE, state="ready", page_order=list(range(1, len(score.pages) + 1)))
    library.close()


async def listen(address: str, sound: np.ndarray, *, seconds: float, start_s: float) -> Heard:
    """Play to the server in real time; return what was heard of it."""
    heard = Heard()
    async with websockets.connect(address, compression=None) as server:
        for message in (
            {"type": "hello", "version": 1, "role": "listen", "score": SCORE},
            {"type": "audio", "sample_rate_hz": RATE_HZ, "channels": 1},
            {"type": "start", "anywhere": start_s > 0},
        ):
            await server.send(json.dumps(message))
        began = time.perf_counter()
        reading = asyncio.create_task(take_positions(server, heard, began))
        samples = round(RATE_HZ * FRAME_S)
        first = round(start_s * RATE_HZ)
        for number in range(round(seconds / FRAME_S)):
            await asyncio.sleep(max(0.0, began + (number + 1) * FRAME_S - time.perf_counter()))
            if reading.done():
                break
            at = first + number * samples
            await server.send(np.take(sound, range(at, at + samples), mode="wrap").tobytes())
        await asyncio.sleep(0.5)
        reading.cancel()
    return heard


async def take_positions(server: websockets.ClientConnection, heard: Heard, began: float) -> None:
    """Note the delay of each position. The frame that ends at second s was sent at that second."""
    try:
        async for text in server:
            now = time.perf_counter() - began
            message = json.loads(text)
            if message["type"] == "position":
                heard.delays_s.append(now - message["heard_s"])
            elif message["type"] in ("busy", "error"):
                heard.ended = "told busy" if message["type"] == "busy" else f"told {message['code']}"
    except websockets.ConnectionClosed:
        heard.ended = heard.ended or "were closed"


async def drive(address: str, listeners: int, *, seconds: float) -> list[Heard]:
    """Let listeners begin one after another within five seconds, and play."""
    recording = read_audio(load_canon().recording)
    sound = soxr.resample(recording, SAMPLE_RATE_HZ, RATE_HZ).astype("<f4")

    async def one(number: int) -> Heard:
        await asyncio.sleep(5.0 * number / listeners)
        try:
            return await listen(address, sound, seconds=seconds, start_s=2.0 * (number % 30))
        except websockets.ConnectionClosed as error:
            busy = error.rcvd is not None and error.rcvd.code == TRY_AGAIN_LATER
            return Heard(ended="told busy" if busy else f"were closed ({error})")
        except (OSError, websockets.WebSocketException) as error:
            return Heard(ended=f"could not connect ({error})")

    return list(await asyncio.gather(*(one(number) for number in range(listeners))))


def cpu_s(process: int) -> float:
    """Return the processor time of a process so far, in s (Linux)."""
    values = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


def report(heard: list[Heard], *, server_s: float, cores: float, load: float) -> None:
    """Print the delays of all listeners together, and how many were told that there is no room."""
    delays_ms = 1e3 * np.array([delay for one in heard for delay in one.delays_s] or [np.nan])
    playing = [one for one in heard if one.delays_s and one.ended is None]
    ended = [one.ended for one in heard if one.ended is not None]
    p50, p99, most = np.percentile(delays_ms, [50, 99, 100])
    reasons = [f"{count} {reason}" for reason, count in Counter(ended).items()]
    print(f"listeners {len(heard)}: {', '.join([f'{len(playing)} played to the end', *reasons])}")
    print(f"positions {len(delays_ms)}: p50 {p50:.0f} ms, p99 {p99:.0f} ms, greatest {most:.0f} ms")
    each_ms = 1e3 * server_s / len(delays_ms)
    print(f"server: {cores:.2f} cores of {os.cpu_count()}, {each_ms:.2f} ms of processor time a position; "
          f"load average of the machine {load:.1f}")  # fmt: skip


def main() -> None:
    """Run the server and its listeners."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--port", type=int, default=8799)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        command = [sys.executable, "-m", "standpartner.cli", "serve", "--no-browser", "--library", folder]
        command += ["--port", str(arguments.port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
            assert server.stdout is not None  # noqa: S101
            server.stdout.readline()
            time.sleep(1.0)
            address = f"ws://127.0.0.1:{arguments.port}/ws"
            before, began = cpu_s(server.pid), time.perf_counter()
            heard = asyncio.run(drive(address, arguments.listeners, seconds=arguments.seconds))
            server_s = cpu_s(server.pid) - before
            cores = server_s / (time.perf_counter() - began)
            server.terminate()
    report(heard, server_s=server_s, cores=cores, load=os.getloadavg()[0])


if __name__ == "__main__":
    main()
