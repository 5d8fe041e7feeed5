"""Makes pieces from human performances, rendered on the pianos of a split."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from standpartner.align import Alignment
from standpartner.corpus.build import Made, seed_of
from standpartner.corpus.split_styles import performance_styles
from standpartner.errors import CorpusError, PieceError
from standpartner.hear import spectrogram
from standpartner.perform import PerformanceStyle, disguise, draw_sound, render
from standpartner.perform.style import PerformanceChoices, draw_choices
from standpartner.perform.surroundings import SoundChoices
from standpartner.piece import Performance, Piece
from standpartner.score import Score


def make_human_piece(
    name: str, score: Score, split: str, *, performances: Mapping[str, Callable[[], Alignment]]
) -> Made:
    """Render the performances of a score that can be aligned, and list the others.

    Args:
        name: The name of the piece.
        score: The score that was played.
        split: The split of the piece: "train", "valid" or "test".
        performances: The functions that align one performance each, by its name.

    Raises:
        CorpusError: No performance can be aligned.
    """
    rendered: list[Performance] = []
    notes: list[str] = []
    for performance, align in performances.items():
        try:
            alignment = align()
        except PieceError as error:
            notes.append(f"{performance} is left out: {error}")
            continue
        rendered.append(render_human_performance(alignment, split, piece=name, name=performance))
        passages = len(rendered[-1].passages)
        if passages > 1:
            notes.append(f"{performance} takes repeats: {passages} passages")
    if not rendered:
        raise CorpusError(f"none of {len(performances)} performances can be used. {' '.join(notes)}")
    return Made(Piece(name, score, tuple(rendered)), tuple(notes))


def render_human_performance(alignment: Alignment, split: str, *, piece: str, name: str) -> Performance:
    """Render an aligned performance.

    Piano, tuning, level and surroundings are drawn as for the split's other sets.

    Args:
        alignment: The aligned performance.
        split: The split of the piece: "train", "valid" or "test".
        piece: The name of the piece.
        name: The name of the performance; with the piece's it seeds the draw.
    """
    style, sounds = performance_styles(split)[-1]
    as_played = replace(
        PerformanceStyle.mechanical(),
        soundfonts=style.soundfonts,
        programs=style.programs,
        gain_range_db=style.gain_range_db,
        detune_range_cents=style.detune_range_cents,
    )
    seed = seed_of(piece, name)
    choices = draw_choices(as_played, np.random.default_rng(seed))
    played = replace(alignment.played, program=choices.program, tuning_cents=choices.detune_cents)
    audio = render(played, choices)
    sound = draw_sound(sounds, seed=seed) if sounds else None
    return Performance(
        name=name,
        onset_s=alignment.onset_s,
        order=alignment.onset,
        spectrogram=spectrogram(disguise(audio, sound) if sound else audio),
        note_pitch=played.pitch,
        note_onset_s=played.onset_s,
        note_duration_s=played.duration_s,
        made_by=_record(alignment, choices, seed=seed, sound=sound),
    )


def _record(
    alignment: Alignment, choices: PerformanceChoices, *, seed: int, sound: SoundChoices | None
) -> dict[str, Any]:
    """Return the record of how the audio was made."""
    return {
        "kind": "human",
        "aligned_by": alignment.method,
        "found_share": alignment.share,
        "seed": seed,
        "soundfont": choices.soundfont,
        "program": choices.program,
        "gain_db": choices.gain_db,
        "detune_cents": choices.detune_cents,
        "sound": asdict(sound) if sound else None,
    }
