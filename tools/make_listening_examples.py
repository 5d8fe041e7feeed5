"""Makes the listening examples of docs/sound.md: a few bars on each piano, with liberties, and in each surrounding.

Needs the four pianos that docs/sound.md names, and writes docs/sound/*.ogg.

    python tools/make_listening_examples.py
"""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.hear import write_audio
from standpartner.perform import (
    SOUNDS,
    UNSEEN_SOUNDFONT,
    PerformanceStyle,
    disguise,
    draw_sound,
    perform,
    render,
    soundfonts,
)
from standpartner.score import Score, read_score

FOLDER = Path(__file__).parents[1] / "docs" / "sound"
SEED = 3
LENGTH_S = 8.5
PEAK = 0.7
# Made for this purpose, CC0.
TUNE = """X:1
T:Six bars for listening
M:3/4
L:1/8
Q:1/4=108
K:D
[D,A,DF]2 A2 d2 | [E,B,EG]2 GF ED | [A,,A,CE]2 c2 e2 | [D,A,F]2 fe dA | [G,B,DG]2 B2 d2 | [D,A,D]6 |]
"""
STYLE = PerformanceStyle(
    tempo_factor_range=(1.0, 1.0),
    velocity_mean_range=(72.0, 72.0),
    velocity_jitter_range=(4.0, 4.0),
    articulation_range=(0.9, 1.1),
    lead_silence_range_s=(0.4, 0.4),
    soundfonts=(UNSEEN_SOUNDFONT,),
    programs=((0, 1.0),),
    gain_range_db=(0.0, 0.0),
)
ERRORS_OF_PLAYING = {
    "wrong-missing-extra": {"wrong_share_range": 0.12, "missing_share_range": 0.06, "extra_share_range": 0.12},
    "hesitations": {"hesitation_share_range": 0.2, "hesitation_range_s": 0.6},
    "rolled-chords": {"arpeggio_share_range": 1.0},
    "30-cents-flat": {"detune_range_cents": -30.0},
}


def read_tune() -> Score:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tune.abc"
        path.write_text(TUNE, encoding="utf-8")
        return read_score(path)


def play(score: Score, style: PerformanceStyle) -> np.ndarray:
    played, _, choices = perform(score.notes, score.onsets.time_s, style=style, seed=SEED)
    return render(played, choices)[: round(LENGTH_S * SAMPLE_RATE_HZ)]


def write(name: str, audio: np.ndarray) -> None:
    write_audio(FOLDER / f"{name}.ogg", audio * np.float32(PEAK / np.abs(audio).max()))


def main() -> None:
    score = read_tune()
    for piano in soundfonts():
        write(f"piano-{piano}", play(score, replace(STYLE, soundfonts=(piano,))))
    for name, ranges in ERRORS_OF_PLAYING.items():
        fixed: dict[str, Any] = {key: (value, value) for key, value in ranges.items()}
        write(f"playing-{name}", play(score, replace(STYLE, **fixed)))
    plain = play(score, STYLE)
    for name, config in SOUNDS.items():
        if name != "clean":
            write(f"sound-{name}", disguise(plain, draw_sound([config], seed=SEED)))
    files = sorted(FOLDER.glob("*.ogg"))
    print(f"{len(files)} files, {sum(file.stat().st_size for file in files) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
