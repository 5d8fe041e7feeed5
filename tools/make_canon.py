"""Makes the bundled canon anew from its notation: pages that look like a scan, a recording, and the truth about both.

The recording is played on the recorded grand that docs/sound.md names, in a small simulated room. The player takes
time at the ends of phrases, lets the melody speak and holds each harmony under the pedal. The same seed gives the same
files on the same machine.

    python tools/make_canon.py        # writes canon.pdf, canon.ogg and canon.json into standpartner/demo/data
"""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import SAMPLE_RATE_HZ, STRIP_HEIGHT_PX
from standpartner.degrade import (
    Photo,
    PhotoLook,
    ScanRanges,
    engraved_pages,
    old_print_style,
    photograph,
    scan_page,
    write_pdf,
)
from standpartner.hear import write_audio
from standpartner.perform import SOUNDS, UNSEEN_SOUNDFONT, PlayedNotes, disguise, draw_sound, find_soundfont, synthesise
from standpartner.score import Score, read_score

FOLDER = Path(__file__).parents[1] / "standpartner" / "demo" / "data"
NAME = "canon"
TITLE = "Pachelbel: Canon in D"
LICENCE = "score and pages: CC0-1.0; recording: CC BY 3.0, samples of the Salamander Grand Piano V3 by Alexander Holm"
SEED = 1
SPACING_PX = 17
CROOKED_DEG = (0.7, -0.5)  # how far each page lay turned on the scanner
SILENCE_BEFORE_S, SILENCE_AFTER_S, LAST_NOTE_S = 1.0, 1.5, 2.6
BAR_QUARTERS, PHRASE_QUARTERS, HARMONY_QUARTERS, ENDING_QUARTERS = 4.0, 16.0, 2.0, 8.0
VELOCITIES = (50, 56, 62, 70, 64, 72, 82, 86, 70, 54)  # at the beginning of each phrase; linear between
PEDAL_S = 0.06
LATE_S = 0.018  # at most: the left hand after the right
PEAK = 0.6
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scan:
    """A scanned page: its picture, and where points of the engraved page lie in it."""

    photo: Photo
    stretch: Floats  # (2,), of the engraved page to the scan before it was turned

    @property
    def image(self) -> NDArray[np.uint8]:
        """One bit a pixel, 0 or 255."""
        return np.where(self.photo.image[..., 0] < 128, 0, 255).astype(np.uint8)

    def shares(self, point_px: Floats) -> Floats:
        """The place of a point of the engraved page as shares of the scan's width and height."""
        return self.photo.page_map.forward(point_px * self.stretch) / self.image.shape[1::-1]


def scan_score(score: Score) -> list[Scan]:
    """The pages as a scanner with one bit a pixel gives them, each a little crooked."""
    drawn = ScanRanges(grey_share=0.0).draw(SEED)
    look = replace(drawn, growth=0.03, roughness=0.012, specks=25.0, spots=1.0)
    scans = []
    for number, page in enumerate(engraved_pages(score)):
        flat = scan_page(page, replace(look, seed=SEED + number), spacing_px=SPACING_PX)
        photo = photograph(flat.image, PhotoLook(rotation_deg=CROOKED_DEG[number]))
        scans.append(Scan(photo, np.divide(flat.image.shape[::-1], page.image.shape[::-1])))
    return scans


def print_truth(score: Score, scans: list[Scan]) -> dict[str, list[float]]:
    """The page, from 1, of each onset and its place on it, as shares of the page's width and height."""
    place = score.place(score.onsets.x_px)
    points = np.stack([place.page_x_px, place.page_y_px], axis=-1)
    shares = [scans[page].shares(point) for page, point in zip(place.page, points, strict=True)]
    x, y = np.round(shares, 5).T.tolist()
    return {"onset_page": (place.page + 1).tolist(), "onset_x": x, "onset_y": y}


def tempo_at(quarter: Floats, last_quarter: float) -> Floats:
    """Tempo relative to the written one: phrases hurry in their middle and linger at their end, the last one most."""
    inside = (quarter / PHRASE_QUARTERS) % 1.0
    arch = 1.0 + 0.06 * np.sin(np.pi * inside) - 0.14 * np.exp(-(((inside - 1.0) / 0.06) ** 2))
    rise = 0.96 + 0.08 * np.sin(np.pi * quarter / last_quarter)
    ending = 1.0 - 0.32 * np.clip((quarter - (last_quarter - ENDING_QUARTERS)) / ENDING_QUARTERS, 0.0, 1.0) ** 1.5
    return arch * rise * ending


def play_onsets(score: Score, rng: np.random.Generator) -> Floats:
    """The second of every onset."""
    quarter = score.onsets.quarter
    quarter_s = score.onsets.time_s[-1] / quarter[-1]
    grid = np.linspace(0.0, quarter[-1], 20_000)
    time_s = np.concatenate([[0.0], np.cumsum(np.diff(grid) * quarter_s / tempo_at(grid[:-1], quarter[-1]))])
    lean_s = np.where(np.isclose(quarter % BAR_QUARTERS, 0.0), 0.02, 0.0) + rng.normal(0.0, 0.009, len(quarter))
    lean_s[0] = 0.0
    return SILENCE_BEFORE_S + np.maximum.accumulate(np.interp(quarter, grid, time_s) + lean_s)


def upper_staff(score: Score) -> NDArray[np.bool_]:
    """Whether each note stands on the upper staff."""
    heads, notes = score.noteheads, score.notes
    upper = heads.y_px < STRIP_HEIGHT_PX / 2
    written = set(zip(heads.onset[upper], heads.pitch[upper], strict=True))
    return np.array([note in written for note in zip(notes.onset, notes.pitch, strict=True)])


def play(score: Score, onset_s: Floats, rng: np.random.Generator) -> PlayedNotes:
    """The notes as they are played: the right hand legato, the left under the pedal until the harmony changes."""
    notes, right = score.notes, upper_staff(score)
    late_s = np.where(right, 0.0, rng.uniform(0.0, LATE_S, len(notes)))
    first_s = np.full(len(onset_s), np.inf)
    np.minimum.at(first_s, notes.onset, late_s)
    begin_s = onset_s[notes.onset] + late_s - first_s[notes.onset]
    written_end = notes.quarter + notes.duration_quarter
    harmony_end = HARMONY_QUARTERS * (np.floor(notes.quarter / HARMONY_QUARTERS) + 1.0)
    end = np.where(right, written_end, np.maximum(written_end, harmony_end))
    quarters = np.append(score.onsets.quarter, written_end.max())
    end_s = np.interp(end, quarters, np.append(onset_s, onset_s[-1] + LAST_NOTE_S)) + PEDAL_S
    return PlayedNotes(notes.pitch, begin_s, end_s - begin_s, _velocities(score, right, rng))


def _velocities(score: Score, right: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Louder from phrase to phrase, then softer; the melody and the beginning of a bar stand out."""
    notes = score.notes
    highest = np.zeros(len(score.onsets), np.int64)
    np.maximum.at(highest, notes.onset, notes.pitch)
    velocity = np.interp(notes.quarter / PHRASE_QUARTERS, np.arange(len(VELOCITIES)), VELOCITIES)
    velocity += np.where(right & (notes.pitch == highest[notes.onset]), 8.0, -6.0)
    velocity += np.where(np.isclose(notes.quarter % BAR_QUARTERS, 0.0), 4.0, 0.0) + rng.normal(0.0, 2.5, len(notes))
    return np.rint(np.clip(velocity, 25, 110)).astype(np.int64)


def record(played: PlayedNotes) -> NDArray[np.float32]:
    """The recording as samples in [-1, 1]."""
    audio = synthesise(played, soundfont=find_soundfont(UNSEEN_SOUNDFONT))
    audio = disguise(audio, draw_sound([SOUNDS["studio"]], seed=SEED))
    audio = audio[: round((played.end_s + SILENCE_AFTER_S) * SAMPLE_RATE_HZ)]
    return np.asarray(PEAK * audio / np.abs(audio).max(), np.float32)


def main() -> None:
    """Write pages, recording and truth."""
    rng = np.random.default_rng(SEED)
    score = read_score(FOLDER / f"{NAME}.krn", style=old_print_style(SEED))
    scans = scan_score(score)
    write_pdf([scan.image for scan in scans], FOLDER / f"{NAME}.pdf")
    onset_s = play_onsets(score, rng)
    write_audio(FOLDER / f"{NAME}.ogg", record(play(score, onset_s, rng)))
    files = [FOLDER / f"{NAME}.{kind}" for kind in ("krn", "pdf", "ogg")]
    content = {
        "title": TITLE,
        "licence": LICENCE,
        "made_by": f"tools/make_canon.py, seed {SEED}",
        "sha256": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files},
        "onset_s": [round(float(second), 4) for second in onset_s],
        **print_truth(score, scans),
    }
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items())
    (FOLDER / f"{NAME}.json").write_text("{\n" + lines + "\n}\n", encoding="utf-8")
    sizes = ", ".join(f"{file.name} {file.stat().st_size / 1000:.0f} kB" for file in files)
    print(f"{len(scans)} pages, {len(onset_s)} onsets from {onset_s[0]:.1f} to {onset_s[-1]:.1f} s; {sizes}")


if __name__ == "__main__":
    main()
