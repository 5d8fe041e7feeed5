"""Verifies pieces against their images and sound. Every check counts how many things of a piece are right."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from standpartner.corpus.engine import run_apart
from standpartner.corpus.store import Corpus
from standpartner.corpus.verify import measurements, places
from standpartner.errors import StandpartnerError
from standpartner.piece import Piece, load_piece

READABLE: Final = "files intact"
_TIME_LIMIT_S: Final = 300.0
_BLOCK_ONSETS: Final = 16


@dataclass(frozen=True)
class VerifyConfig:
    """The tolerances of the checks, and the shares of a piece that must be right.

    Attributes:
        ink: The least darkness of a head's area.
        head_shift_px: The greatest distance of all heads together from the place with most ink.
        head_gap_px: The greatest distance of a head from its onset along the strip.
        neighbours: The share of a head's neighbours that its height must fit, unless it fits a common clef.
        likeness: The least correlation of a system on its page with the strip.
        played_within_s: The greatest distance of a played pitch from its onset.
        pace: The greatest ratio of the music's pace from an onset on to the pace around it.
        audio_shift_frames: The greatest distance from 0 of the best shift of the annotated onsets.
        audio_contrast: The least ratio of the sound's rise at the best shift to the usual rise at other shifts.
        block_rise: The share of the best shift's rise that 16 onsets in a row must have within ``audio_shift_frames``.
        least: The least share of right things of each check; it is 1 where a check is not named.
    """

    ink: float = 0.4
    head_shift_px: int = 1
    head_gap_px: float = 14.0
    neighbours: float = 0.5
    likeness: float = 0.9
    played_within_s: float = 0.15
    pace: float = 3.0
    audio_shift_frames: int = 1
    audio_contrast: float = 1.5
    block_rise: float = 0.7
    least: dict[str, float] = field(
        default_factory=lambda: {
            "heads on the strip": 0.8,
            "heads on ink": 0.98,
            "heads at their onsets": 0.98,
            "heads where their pitch is": 0.95,
            "notes that are drawn": 0.95,
            "heads that sound": 0.95,
            "onsets with the same pitches": 0.9,
            "pitches played at their onset": 0.85,
            "onsets at the music's pace": 0.99,
            "audio blocks in time": 0.9,
        }
    )


LEAST_OF_CORPUS: Final = {"prints": {"heads on ink": 0.95}}
"""The least shares that differ in a corpus: in print, a head of a chord may stand a little beside the engraved one."""


def config_of(corpus: str) -> VerifyConfig:
    """Return the tolerances with which the pieces of a corpus, or of a collection of it, are verified."""
    config = VerifyConfig()
    return replace(config, least=config.least | LEAST_OF_CORPUS.get(corpus.partition("/")[0], {}))


@dataclass(frozen=True)
class CheckResult:
    """The result of a check of a piece.

    Attributes:
        check: The name of the check.
        right: The number of things that are right.
        total: The number of all things.
        passed: Whether that is enough.
        detail: The measurement, where a number says more than a share.
    """

    check: str
    right: int
    total: int
    passed: bool
    detail: str = ""

    @property
    def share(self) -> float:
        """The share of right things; 1 if there are none to be wrong."""
        return self.right / self.total if self.total else 1.0


@dataclass(frozen=True)
class PieceReport:
    """The results of all checks of one piece."""

    name: str
    results: tuple[CheckResult, ...]

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The checks that the piece does not pass."""
        return tuple(result for result in self.results if not result.passed)


@dataclass(frozen=True)
class Pooled:
    """The results of one check over all pieces.

    Attributes:
        check: The name of the check.
        right: The number of things of all pieces that are right.
        total: The number of all things.
        passed: The number of pieces that pass.
        pieces: The number of pieces.
        worst: The name of the piece with the least share.
        worst_share: The share of right things in that piece.
    """

    check: str
    right: int
    total: int
    passed: int
    pieces: int
    worst: str
    worst_share: float


@dataclass(frozen=True)
class CorpusReport:
    """The results of all checks of all pieces, in the order of the split.

    Attributes:
        corpus: The name of the corpus.
        split: The split that was verified; None for all.
        pieces: The reports, one for each piece.
        config: The tolerances.
        drawn: The drawings of the pieces, by name.
    """

    corpus: str
    split: str | None
    pieces: tuple[PieceReport, ...]
    config: VerifyConfig
    drawn: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> tuple[PieceReport, ...]:
        """The pieces that do not pass every check."""
        return tuple(piece for piece in self.pieces if piece.failed)

    def pooled(self) -> list[Pooled]:
        """Pool every check over all pieces."""
        return [self._pool(check) for check in (READABLE, *CHECKS)]

    def _pool(self, check: str) -> Pooled:
        found = [(piece.name, result) for piece in self.pieces for result in piece.results if result.check == check]
        worst, least = min(found, key=lambda pair: pair[1].share, default=("", CheckResult(check, 0, 0, True)))
        right, total = (sum(getattr(result, count) for _, result in found) for count in ("right", "total"))
        passed = sum(result.passed for _, result in found)
        return Pooled(check, right, total, passed, len(found), worst, round(least.share, 4))

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain objects: configuration, pooled numbers, and every result of every piece."""
        return {
            "corpus": self.corpus,
            "split": self.split,
            "config": asdict(self.config),
            "pieces": len(self.pieces),
            "failed": [piece.name for piece in self.failed],
            "pooled": [asdict(pooled) for pooled in self.pooled()],
            "findings": {piece.name: [asdict(result) for result in piece.results] for piece in self.pieces},
        }


_Measured = tuple[NDArray[np.bool_], str]


def _on_ink(piece: Piece, config: VerifyConfig) -> _Measured:
    visible = measurements.inside_strip(piece.score, whole=True)
    return measurements.head_ink(piece.score)[visible] >= config.ink, ""


def _centred(piece: Piece, config: VerifyConfig) -> _Measured:
    shift = measurements.head_shift_px(piece.score)
    return np.abs([shift]).max(axis=1) <= config.head_shift_px, f"most ink {shift[0]} px right, {shift[1]} px down"


def _at_pitch(piece: Piece, config: VerifyConfig) -> _Measured:
    agreement = measurements.staff_agreement(piece.score)
    return agreement[~np.isnan(agreement)] >= config.neighbours, ""


def _drawn(piece: Piece, config: VerifyConfig) -> _Measured:
    printed = measurements.pitches_sounding(piece.score, hidden=False)
    return measurements.contained(printed, measurements.pitches_drawn(piece.score)), ""


def _sounding(piece: Piece, config: VerifyConfig) -> _Measured:
    return measurements.contained(
        measurements.pitches_drawn(piece.score), measurements.pitches_sounding(piece.score)
    ), ""


def _alike(piece: Piece, config: VerifyConfig) -> _Measured:
    printed, sounding = (
        measurements.pitches_sounding(piece.score, hidden=False),
        measurements.pitches_sounding(piece.score),
    )
    triples = zip(printed, measurements.pitches_drawn(piece.score), sounding, strict=True)
    return np.array([first <= drawn <= last for first, drawn, last in triples]), ""


def _like_pages(piece: Piece, config: VerifyConfig) -> _Measured:
    likeness = places.page_likeness(piece.score)
    return likeness >= config.likeness, f"least correlation {likeness.min():.2f}"


def _in_audio(piece: Piece, config: VerifyConfig) -> _Measured:
    return _join(measurements.onsets_in_audio(performance) for performance in piece.performances), ""


def _played(piece: Piece, config: VerifyConfig) -> _Measured:
    within_s = config.played_within_s
    return _join(measurements.played(piece.score, heard, within_s=within_s) for heard in piece.performances), ""


def _at_pace(piece: Piece, config: VerifyConfig) -> _Measured:
    return _join(
        measurements.onsets_unhurried(piece.score, heard, times=config.pace) for heard in piece.performances
    ), ""


def _in_time(piece: Piece, config: VerifyConfig) -> _Measured:
    shifts = [measurements.best_shift_frames(piece.score, heard) for heard in piece.performances]
    told = [shift for shift in shifts if shift is not None]
    words = ", ".join("untold" if shift is None else str(shift) for shift in shifts)
    return np.abs(np.array(told, int)) <= config.audio_shift_frames, f"best shift {words} frames"


def _contrast(piece: Piece, config: VerifyConfig) -> _Measured:
    totals = [measurements.onset_flux(piece.score, heard).sum(axis=0) for heard in piece.performances]
    contrasts = np.array([total.max() / max(float(np.median(total)), 1e-9) for total in totals])
    return contrasts >= config.audio_contrast, f"rise {', '.join(f'{number:.1f}' for number in contrasts)} times"


def _blocks_in_time(piece: Piece, config: VerifyConfig) -> _Measured:
    near = np.abs(measurements.SHIFTS_FRAMES) <= config.audio_shift_frames
    right = []
    for heard in piece.performances:
        flux = measurements.onset_flux(piece.score, heard)
        for block in np.array_split(flux, max(1, round(len(flux) / _BLOCK_ONSETS))):
            rise = block.sum(axis=0)
            right.append(rise[near].max() >= config.block_rise * rise.max())
    return np.array(right, bool), ""


def _join(parts: Iterator[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    return np.concatenate([np.zeros(0, bool), *parts])


CHECKS: Final[dict[str, Callable[[Piece, VerifyConfig], _Measured]]] = {
    "heads on the strip": lambda piece, config: (measurements.inside_strip(piece.score), ""),
    "heads on ink": _on_ink,
    "heads centred on ink": _centred,
    "heads at their onsets": lambda piece, config: (measurements.head_gap_px(piece.score) <= config.head_gap_px, ""),
    "heads where their pitch is": _at_pitch,
    "notes that are drawn": _drawn,
    "heads that sound": _sounding,
    "onsets with the same pitches": _alike,
    "onsets in their systems": lambda piece, config: (places.onsets_in_systems(piece.score), ""),
    "bars in order": lambda piece, config: (places.bars_in_order(piece.score), ""),
    "onsets in their bars": lambda piece, config: (places.onsets_in_bars(piece.score), ""),
    "bars with their onsets": lambda piece, config: (places.bars_with_onsets(piece.score), ""),
    "systems inside their pages": lambda piece, config: (places.boxes_inside(piece.score), ""),
    "systems with their staves": lambda piece, config: (places.staves_shown(piece.score), ""),
    "pages without other staves": lambda piece, config: (places.pages_without_other_staves(piece.score), ""),
    "systems like their pages": _like_pages,
    "onsets inside the audio": _in_audio,
    "pitches played at their onset": _played,
    "onsets at the music's pace": _at_pace,
    "audio in time": _in_time,
    "audio rises at onsets": _contrast,
    "audio blocks in time": _blocks_in_time,
}
"""Each check by name: which things of a piece are right. Loading a piece already checks its checksums, the strip's
height, that onsets never go back along the strip and that each performance's alignment increases strictly."""


def verify_piece(piece: Piece, config: VerifyConfig = VerifyConfig()) -> PieceReport:
    """Run every check on a piece.

    Args:
        piece: The piece to verify.
        config: The tolerances.
    """
    return PieceReport(piece.name, (CheckResult(READABLE, 1, 1, True), *_check_results(piece, config)))


def _check_results(piece: Piece, config: VerifyConfig) -> Iterator[CheckResult]:
    for check, measure in CHECKS.items():
        right, detail = measure(piece, config)
        count, total = int(right.sum()), len(right)
        yield CheckResult(check, count, total, count >= config.least.get(check, 1.0) * total, detail)


def verify_folder(folder: Path, config: VerifyConfig = VerifyConfig()) -> PieceReport:
    """Read a piece, comparing its files with their checksums, and run every check.

    A piece that cannot be read fails the check "files intact", with the reason.
    """
    try:
        return verify_piece(load_piece(folder, verify=True), config)
    except StandpartnerError as error:
        return unreadable(folder, str(error))


def unreadable(folder: Path, reason: str) -> PieceReport:
    """Make the report on a piece that cannot be read."""
    return PieceReport(folder.name, (CheckResult(READABLE, 0, 1, False, reason),))


def verify_corpus(
    corpus: Corpus,
    *,
    split: str | None = None,
    limit: int | None = None,
    jobs: int = 1,
    config: VerifyConfig = VerifyConfig(),
    draw: Callable[[Piece, PieceReport], str] | None = None,
    report: Callable[[PieceReport, int], None] = lambda piece, total: None,
) -> CorpusReport:
    """Verify the built pieces of a corpus, each in a process of its own.

    Args:
        corpus: The corpus to verify.
        split: The split "train", "valid" or "test", or None for all.
        limit: The largest number of pieces, evenly spread; None for all.
        jobs: The number of processes side by side.
        config: The tolerances.
        draw: The function that draws a piece in the piece's own process; its results are kept in `CorpusReport.drawn`.
        report: The function that is called with each piece's report as it comes and the number of all.

    Raises:
        CorpusError: There is no such split, or nothing of it is built.
    """
    names = corpus.names(split, limit=limit)
    folders = [corpus.piece_folder(name) for name in names]
    reports: dict[str, PieceReport] = {}
    drawn: dict[str, str] = {}
    work = partial(_verify_and_draw, config, draw)
    for outcome in run_apart(work, folders, jobs=jobs, time_limit_s=_TIME_LIMIT_S, preload=(__name__,)):
        name = names[outcome.index]
        found, picture = outcome.value or (unreadable(folders[outcome.index], outcome.failure), "")
        reports[name], drawn[name] = found, picture
        report(found, len(names))
    return CorpusReport(corpus.title, split, tuple(reports[name] for name in names), config, drawn)


def _verify_and_draw(
    config: VerifyConfig, draw: Callable[[Piece, PieceReport], str] | None, folder: Path
) -> tuple[PieceReport, str]:
    report = verify_folder(folder, config)
    readable = report.results[0].passed
    return report, draw(load_piece(folder), report) if draw and readable else ""
