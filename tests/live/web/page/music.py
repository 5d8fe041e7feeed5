"""A short piece of piano music for the browser: a PDF of three pages, its sound, and when which place was played."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.corpus.printed_editions import PrintedEdition
from standpartner.corpus.recipes.prints import build_edition
from standpartner.degrade import engraved_pages, write_pdf
from standpartner.perform import (
    PerformanceStyle,
    PlayedNotes,
    perform,
    render,
    soundfonts,
    synthesise,
)
from standpartner.score import EngravingStyle, Score, read_score

PAGES, SYSTEMS_A_PAGE = 3, 2
SILENCE_S = 0.8
_SCALE = ("c", "d", "e", "f", "g", "a", "b", "cc", "dd", "ee", "ff", "gg", "aa")
_CHORDS = (("C", "G"), ("F", "c"), ("GG", "D"), ("A", "e"), ("D", "A"), ("E", "B"))


@dataclass(frozen=True)
class ShortPiece:
    """The files of the piece, and the truth about its recording.

    Attributes:
        pdf: The printed pages.
        audio: The recording, mono at 22 050 Hz.
        onset_s: The second of the recording at which each onset was played.
        progress: Its place in systems: 3.25 is a quarter of the way through the fourth system.
        pages: The page of each system, from 0.
    """

    pdf: Path
    audio: NDArray[np.float32]
    onset_s: NDArray[np.float64]
    progress: NDArray[np.float64]
    pages: tuple[int, ...]

    def progress_at(self, time_s: float) -> float:
        """The true place at a second of the recording, in systems."""
        return float(np.interp(time_s, self.onset_s, self.progress))

    def write_wav(self, path: Path, *, rate_hz: int = 48_000, channels: int = 1) -> Path:
        """Write the recording as a fake microphone takes it: 16 bits, at the rate of the microphone."""
        sound = soxr.resample(self.audio / np.abs(self.audio).max() / 2, SAMPLE_RATE_HZ, rate_hz)
        soundfile.write(path, np.repeat(sound[:, None], channels, axis=1), rate_hz, subtype="PCM_16")
        return path


def make_short_piece(folder: Path) -> ShortPiece:
    """Compose, engrave, print and play the piece. The same files come of it every time."""
    notation = folder / "study.krn"
    notation.write_text(_compose(bars=18))
    score = read_score(notation, style=EngravingStyle(line_spaces=70, page_scale=2))
    images = _pages(score)
    write_pdf(images, folder / "study.pdf")
    style = PerformanceStyle(soundfonts=(next(iter(soundfonts())),), lead_silence_range_s=(SILENCE_S, SILENCE_S))
    played, onset_s, choices = perform(score.notes, score.onsets.time_s, style=style, seed=3)
    pages = tuple(system // SYSTEMS_A_PAGE for system in range(PAGES * SYSTEMS_A_PAGE))
    return ShortPiece(folder / "study.pdf", render(played, choices), onset_s, _progress(score), pages)


def play_scan(edition: PrintedEdition, systems: int) -> ShortPiece:
    """Play a scanned edition by its Humdrum file, from its beginning up to the end of some systems."""
    piece = build_edition(edition, "valid").piece
    performance, progress = piece.performances[0], _progress(piece.score)
    heard = progress < systems
    end_s = float(performance.onset_s[heard][-1])
    sounding = performance.note_onset_s < end_s
    notes = PlayedNotes(
        performance.note_pitch[sounding],
        performance.note_onset_s[sounding],
        performance.note_duration_s[sounding],
        np.full(int(sounding.sum()), 70),
    )
    audio = synthesise(notes)
    pages = tuple(piece.score.systems.page.tolist())
    return ShortPiece(edition.pdf, audio, performance.onset_s[heard], progress[heard], pages)


def _progress(score: Score) -> NDArray[np.float64]:
    """The place of each onset in systems."""
    system = score.onsets.system
    left, right = score.systems.strip_left_px[system], score.systems.strip_right_px[system]
    return system + (score.onsets.x_px - left) / (right - left)


def _pages(score: Score) -> list[NDArray[np.uint8]]:
    """Cut the engraved systems out, and put them on pages of two."""
    table = score.systems
    strips = []
    for page, printed in enumerate(engraved_pages(score)):
        rows = [
            (float(table.page_top_px[k]), float(table.page_bottom_px[k])) for k in np.flatnonzero(table.page == page)
        ]
        for top, bottom in rows:
            strips.append(printed.image[max(0, int(top) - 30) : int(bottom) + 30])
    chosen = strips[: PAGES * SYSTEMS_A_PAGE]
    height_px = max(len(strip) for strip in chosen) + 60
    pages = []
    for first in range(0, len(chosen), SYSTEMS_A_PAGE):
        page = np.full((SYSTEMS_A_PAGE * height_px + 160, chosen[0].shape[1]), 255, np.uint8)
        for place, strip in enumerate(chosen[first : first + SYSTEMS_A_PAGE]):
            top = 80 + place * height_px
            page[top : top + len(strip)] = strip
        pages.append(np.where(page < 128, 0, 255).astype(np.uint8))
    return pages


def _compose(bars: int) -> str:
    """Two hands in Humdrum: a melody that walks about, and chords that change with each half bar."""
    rng = np.random.default_rng(11)
    place = 7
    lines = ["**kern\t**kern", "*staff2\t*staff1", "*clefF4\t*clefG2", "*M4/4\t*M4/4", "*MM208\t*MM208"]
    for bar in range(1, bars + 1):
        lines.append(f"={bar}\t={bar}")
        for beat in range(4):
            chord = " ".join(f"2{note}" for note in _CHORDS[rng.integers(len(_CHORDS))]) if beat % 2 == 0 else "."
            lengths = ("8", "8") if rng.random() < 0.6 else ("4",)
            for index, length in enumerate(lengths):
                place = int(np.clip(place + rng.choice((-3, -2, -1, 1, 2, 3)), 2, len(_SCALE) - 1))
                beam = {0: "L", 1: "J"}[index] if len(lengths) == 2 else ""
                lines.append(f"{chord if index == 0 else '.'}\t{length}{_SCALE[place]}{beam}")
    return "\n".join(["!!!OTL: Study", *lines, "==\t==", "*-\t*-"]) + "\n"
