"""Building corpora: every piece on its own, in parallel, resumable, each with a line in a log."""

import hashlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from standpartner.audio import PerformanceStyle, perform, render, soundfonts, spectrogram
from standpartner.corpus.store import Corpus
from standpartner.errors import CorpusError, MissingExtraError, StandpartnerError
from standpartner.piece import Performance, Piece, save_piece
from standpartner.score import Score


class Entry(Protocol):
    """Something of a source that becomes one piece."""

    @property
    def name(self) -> str:
        """Unique in the corpus."""
        ...

    @property
    def sha256(self) -> str:
        """Checksum of its source."""
        ...


@dataclass(frozen=True)
class Recipe:
    """How a corpus is made.

    Attributes:
        name: of the corpus.
        description: one line.
        source: the public repository it is built from.
        licence: as stated there.
        soundfonts: names of the soundfonts it needs.
        entries: lists what is in a source folder.
        build: makes the piece of an entry and its split.
    """

    name: str
    description: str
    source: str
    licence: str
    soundfonts: tuple[str, ...]
    entries: Callable[[Path], list]
    build: Callable[[Any, str], Piece]


@dataclass(frozen=True)
class Built:
    """What became of one entry: ``reason`` is empty on success."""

    name: str
    split: str
    reason: str
    seconds: float


def seed_of(*words: str) -> int:
    """A seed that depends on the words alone, the same on every machine."""
    return int.from_bytes(hashlib.sha256("\n".join(words).encode()).digest()[:8], "little")


def render_performance(score: Score, style: PerformanceStyle, *, name: str, seed: int) -> Performance:
    """Play a score in some style and turn it into sound and truth."""
    played, onset_s, choices = perform(score.notes, score.onsets.time_s, style=style, seed=seed)
    return Performance(
        name=name,
        onset_s=onset_s,
        spectrogram=spectrogram(render(played, choices)),
        note_pitch=played.pitch,
        note_onset_s=played.onset_s,
        note_duration_s=played.duration_s,
        made_by={"kind": "synthesised", "seed": seed, **asdict(choices)},
    )


def _build_one(recipe: Recipe, entry: Entry, split: str, folder: Path) -> Built:
    start_s = time.monotonic()
    reason = ""
    try:
        save_piece(recipe.build(entry, split), folder)
    except StandpartnerError as error:
        reason = str(error)
    return Built(entry.name, split, reason, time.monotonic() - start_s)


def _check(recipe: Recipe, entries: list, corpus: Corpus) -> None:
    missing = [font for font in recipe.soundfonts if font not in soundfonts()]
    if missing:
        packages = "apt-get install fluidsynth timgm6mb-soundfont fluid-soundfont-gm musescore-general-soundfont-small"
        raise MissingExtraError(f"soundfont {', '.join(missing)}", packages)
    expected = {name: checksum for name, (_, checksum) in corpus.splits.items()}
    changed = [entry.name for entry in entries if expected.get(entry.name) != entry.sha256]
    if changed:
        raise CorpusError(
            f"{len(changed)} of {len(entries)} entries differ from the ones that the split was fixed with "
            f"(first: {changed[0]}); use the source that docs/corpus.md names"
        )


def build_corpus(
    recipe: Recipe,
    corpus: Corpus,
    *,
    source: Path,
    jobs: int = 1,
    limit: int | None = None,
    report: Callable[[Built, int], None] = lambda built, total: None,
) -> list[Built]:
    """Build what is not built yet; a line for each entry is kept in ``build.jsonl``.

    Args:
        recipe: how.
        corpus: where to.
        source: a clone of the recipe's source.
        jobs: processes side by side.
        limit: build only the first so many entries of each split (to try things out).
        report: called with each result as it comes and the number of all.

    Returns:
        What became of every entry.

    Raises:
        CorpusError: the source is not the one that the split was fixed with, or a process was killed.
        MissingExtraError: a soundfont is missing.
    """
    entries = recipe.entries(source)
    _check(recipe, entries, corpus)
    todo = _chosen(entries, corpus, limit)
    results: list[Built] = []

    def keep(built: Built) -> None:
        results.append(built)
        report(built, len(todo))

    corpus.folder.mkdir(parents=True, exist_ok=True)
    with (corpus.folder / "build.jsonl").open("a") as log, ProcessPoolExecutor(jobs) as pool:
        waiting = []
        for entry, split in todo:
            folder = corpus.piece_folder(entry.name)
            if (folder / "piece.json").is_file():
                keep(Built(entry.name, split, "", 0.0))
            else:
                waiting.append(pool.submit(_build_one, recipe, entry, split, folder))
        try:
            for done in as_completed(waiting):
                keep(done.result())
                log.write(json.dumps(asdict(results[-1])) + "\n")
                log.flush()
        except BrokenProcessPool as error:
            raise CorpusError(
                "a building process was killed (memory?); run the command again with fewer jobs"
            ) from error
    return results


def _chosen(entries: list, corpus: Corpus, limit: int | None) -> list[tuple[Entry, str]]:
    """Entries with their splits, at most ``limit`` of each split."""
    chosen: list[tuple[Entry, str]] = []
    counts: dict[str, int] = {}
    for entry in entries:
        split = corpus.splits[entry.name][0]
        counts[split] = counts.get(split, 0) + 1
        if limit is None or counts[split] <= limit:
            chosen.append((entry, split))
    return chosen
