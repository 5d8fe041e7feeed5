"""Builds corpora: every piece in a process of its own, in parallel, resumable, with a line in a log."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Any

from standpartner.corpus.engine import Outcome, run_apart
from standpartner.corpus.store import Built, Corpus, Entry, check_split, log_built, read_log
from standpartner.errors import CorpusError, MissingExtraError, StandpartnerError
from standpartner.hear import spectrogram
from standpartner.perform import PerformanceStyle, SoundConfig, disguise, draw_sound, find_soundfont, perform, render
from standpartner.piece import Performance, Piece, save_piece
from standpartner.score import Score

_SLOW_IMPORTS = ("scipy.signal",)  # used by `perform.rooms`; imported once for all pieces, where it is installed


@dataclass(frozen=True)
class Made:
    """The result of a recipe for an entry.

    Attributes:
        piece: The piece.
        notes: The parts that were left out and why, one sentence each; the log keeps them.
    """

    piece: Piece
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """The recipe of a corpus.

    Attributes:
        name: The name of the corpus.
        description: The description in one line.
        source: The public repository that it is built from; empty if it needs none.
        licence: The licence as stated there.
        soundfonts: The names of the soundfonts that it needs.
        entries: The function that lists the entries of a source folder.
        build: The function that makes the piece of an entry and its split. It must be defined in a module, because it
            runs in another process.
        time_limit_s: The seconds after which a piece is given up.
    """

    name: str
    description: str
    source: str
    licence: str
    soundfonts: tuple[str, ...]
    entries: Callable[[Path], list]
    build: Callable[[Any, str], Made]
    time_limit_s: float = 300.0


@dataclass(frozen=True)
class _Job:
    """One piece to build."""

    entry: Entry
    split: str
    folder: Path


@dataclass(frozen=True)
class _Result:
    """The report of a building process; ``missing`` names a program or package that every piece needs."""

    reason: str = ""
    notes: tuple[str, ...] = ()
    missing: str = ""


def seed_of(*words: str) -> int:
    """Make a seed that depends on the words alone and is the same on every machine."""
    return int.from_bytes(hashlib.sha256("\n".join(words).encode()).digest()[:8], "little")


def render_performance(
    score: Score, style: PerformanceStyle, *, name: str, seed: int, sounds: Sequence[SoundConfig] = ()
) -> Performance:
    """Play a score in a style, and render its sound and spectrogram.

    Args:
        score: The score that is played.
        style: The style in which it is played.
        name: The name of the performance.
        seed: The seed of all that is drawn.
        sounds: The surroundings to draw from; without any the sound is the synthesiser's.
    """
    played, onset_s, choices = perform(score.notes, score.onsets.time_s, style=style, seed=seed)
    audio = render(played, choices)
    made_by = {"kind": "synthesised", "seed": seed, **choices.record()}
    if sounds:
        sound = draw_sound(sounds, seed=seed)
        audio, made_by = disguise(audio, sound), made_by | {"sound": asdict(sound)}
    return Performance(
        name=name,
        onset_s=onset_s,
        spectrogram=spectrogram(audio),
        note_pitch=played.pitch,
        note_onset_s=played.onset_s,
        note_duration_s=played.duration_s,
        made_by=made_by,
    )


def build_corpus(
    recipe: Recipe,
    corpus: Corpus,
    *,
    source: Path,
    jobs: int = 1,
    split: str | None = None,
    limit: int | None = None,
    retry: bool = False,
    engine: str = "local",
    report: Callable[[Built, int], None] = lambda built, total: None,
) -> list[Built]:
    """Build the pieces that are not built yet; ``build.jsonl`` keeps a line for each entry.

    Pieces that are built already, or failed before with the same source, are skipped.

    Args:
        recipe: The recipe of the corpus.
        corpus: The corpus in which the pieces are kept.
        source: The folder with a clone of the recipe's source.
        jobs: The number of processes side by side.
        split: The only split to build; None for all.
        limit: The number of entries of each split to build, the first ones; None for all.
        retry: Whether to try failed pieces again.
        engine: The engine, "local" or "ray"; see `standpartner.corpus.engine.run_apart`.
        report: The function that is called with each result as it comes and the number of all.

    Returns:
        The result of every entry, from now or earlier.

    Raises:
        CorpusError: The source is not the one that the split was fixed with, there is no such split, or a program is
            missing.
        MissingExtraError: A soundfont or the engine is missing.
        ConfigError: There is no such engine.
    """
    check_split(split)
    entries = recipe.entries(source)
    _check(recipe, entries, corpus)
    earlier = read_log(corpus.folder)
    results: list[Built] = []
    todo: list[_Job] = []
    chosen = _chosen(entries, corpus, split=split, limit=limit)
    for job in chosen:
        known = _known(job, earlier.get(job.entry.name), retry=retry)
        if known:
            results.append(known)
            report(known, len(chosen))
        else:
            todo.append(job)
    for built in _build(recipe, todo, jobs=jobs, engine=engine):
        log_built(corpus.folder, built)
        results.append(built)
        report(built, len(chosen))
    return results


def _check(recipe: Recipe, entries: list, corpus: Corpus) -> None:
    for name in recipe.soundfonts:
        find_soundfont(name)
    expected = {name: checksum for name, (_, checksum) in corpus.splits.items()}
    changed = [entry.name for entry in entries if expected.get(entry.name) != entry.sha256]
    if changed:
        raise CorpusError(
            f"{len(changed)} of {len(entries)} entries differ from the ones that the split was fixed with "
            f"(first: {changed[0]}); use the source that docs/corpus.md names"
        )


def _chosen(entries: list, corpus: Corpus, *, split: str | None, limit: int | None) -> list[_Job]:
    """Choose the entries of one split or all, at most ``limit`` of each."""
    chosen: list[_Job] = []
    counts: Counter[str] = Counter()
    for entry in entries:
        its = corpus.splits[entry.name][0]
        counts[its] += 1
        if split in (None, its) and (limit is None or counts[its] <= limit):
            chosen.append(_Job(entry, its, corpus.piece_folder(entry.name)))
    return chosen


def _known(job: _Job, earlier: Built | None, *, retry: bool) -> Built | None:
    """Return the result of an entry from an earlier run, if it still holds."""
    finished = (job.folder / "piece.json").is_file()
    if earlier is None:  # the log was lost
        return Built(job.entry.name, job.split, sha256=job.entry.sha256) if finished else None
    same_source = earlier.sha256 in ("", job.entry.sha256)  # early logs hold no checksum
    holds = not retry if earlier.reason else finished
    return earlier if same_source and holds and earlier.split == job.split else None


def _build(recipe: Recipe, todo: list[_Job], *, jobs: int, engine: str) -> Iterator[Built]:
    outcomes = run_apart(
        partial(_make, recipe.build),
        todo,
        jobs=jobs,
        time_limit_s=recipe.time_limit_s,
        engine=engine,
        preload=(__name__, recipe.build.__module__, *_SLOW_IMPORTS),
    )
    with closing(outcomes):  # all processes end, even after an error
        for outcome in outcomes:
            job = todo[outcome.index]
            result = _result(outcome)
            if result.missing:
                raise CorpusError(f"{recipe.name} cannot be built: {result.missing}")
            if result.reason:
                rmtree(job.folder, ignore_errors=True)  # removes an incomplete piece
            yield Built(job.entry.name, job.split, result.reason, outcome.seconds, job.entry.sha256, result.notes)


def _result(outcome: Outcome) -> _Result:
    return _Result(reason=outcome.failure) if outcome.failure else outcome.value


def _make(build: Callable[[Any, str], Made], job: _Job) -> _Result:
    """Make and save a piece; this runs in a building process."""
    try:
        made = build(job.entry, job.split)
        save_piece(made.piece, job.folder)
    except MissingExtraError as error:
        return _Result(missing=str(error))
    except StandpartnerError as error:
        return _Result(reason=str(error))
    return _Result(notes=made.notes)
