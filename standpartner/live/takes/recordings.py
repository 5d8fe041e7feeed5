"""Follows recordings that were dropped on the page, one after another, each in a child process with limits."""

import queue
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from standpartner.agent.bundle import load_agent
from standpartner.agent.find import DEFAULT_AGENT
from standpartner.errors import OutputError, StandpartnerError
from standpartner.hear import FileSource
from standpartner.live.engine import give_way
from standpartner.live.scores.library import Library, ScoreRecord
from standpartner.live.scores.pages import in_order
from standpartner.live.scores.reading import read_folder
from standpartner.live.sentences import sentence_of
from standpartner.live.sessions.performer import LoadedScore, Performer
from standpartner.live.takes.takes import TakeWriter, save_take
from standpartner.score import load_score
from standpartner.support.children import Limits, call_apart

_FOLLOW_FILE: Final = "standpartner.live.takes.recordings:follow_file"
_LIMITS: Final = Limits(time_s=3600.0, memory_bytes=3_000_000_000)


class RecordingFollower:
    """Follows dropped recordings of a library in a thread of its own.

    Args:
        library: The library.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._waiting: queue.Queue[tuple[str, ScoreRecord, Path, bool] | None] = queue.Queue()
        threading.Thread(target=self._work, name="recordings", daemon=True).start()

    def follow(self, take: str, record: ScoreRecord, recording: Path, *, keep_audio: bool) -> None:
        """Follow a recording as soon as those before it are done; its file is removed afterwards."""
        self._waiting.put((take, record, recording, keep_audio))

    def close(self) -> None:
        """Follow no more."""
        self._waiting.put(None)

    def _work(self) -> None:
        give_way()
        while (job := self._waiting.get()) is not None:
            take, record, recording, keep_audio = job
            try:
                self._follow(take, record, recording, keep_audio=keep_audio)
            except StandpartnerError as error:
                self._fail(take, str(error))
            finally:
                recording.unlink(missing_ok=True)

    def _follow(self, take: str, record: ScoreRecord, recording: Path, *, keep_audio: bool) -> None:
        arguments = {
            "score": str(read_folder(self._library, record) / "score.npz"),
            "order": record.page_order,
            "links": record.links,
            "recording": str(recording),
            "positions": str(self._library.take_file(take, ".jsonl")),
            "sound": str(self._library.take_file(take, ".pcm")) if keep_audio else None,
        }
        finished = call_apart(_FOLLOW_FILE, arguments, limits=_LIMITS)
        save_take(self._library, take, finished=bool(finished))

    def _fail(self, take: str, words: str) -> None:
        try:
            self._library.change_take(take, state="failed", sentence=sentence_of(words))
        except OutputError:
            return  # it stays open and is closed at the next start


def follow_file(
    *,
    score: str,
    order: Sequence[int],
    links: Sequence[Mapping[str, int]],
    recording: str,
    positions: str,
    sound: str | None,
) -> bool:
    """Follow a recording and write its positions; runs in a child process, for the file may be hostile.

    Returns:
        Whether the end of the score was reached.

    Raises:
        AudioError: The recording cannot be decoded.
    """
    loaded = in_order(load_score(score), order)
    agent = load_agent(DEFAULT_AGENT)
    performer = Performer(LoadedScore("", "", loaded, agent, agent.read(loaded.strip), links))
    writer = TakeWriter(Path(positions), sound=None if sound is None else Path(sound))
    source = FileSource(recording)
    try:
        for chunk in source:
            for part in np.array_split(chunk, max(1, len(chunk) * 20 // source.rate_hz)):
                writer.add(performer.hear(part, rate_hz=source.rate_hz))
                writer.add_sound(performer.last_sound)
    finally:
        writer.close()
    return performer.state == "finished"
