"""Provides the sound settings of an evaluation: performances as they were built, or rendered anew.

The settings are those in which the paper compares: the score's own notes played mechanically, the notes of a
performance, and these on another piano in another room. Two more play the score's notes as people do. Rendered
spectrograms are kept in the cache folder, so that all agents hear the same and only the first one waits for it.
"""

import hashlib
import json
from dataclasses import asdict, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import BAND_COUNT
from standpartner.corpus.build import seed_of
from standpartner.corpus.split_styles import FREE_TEST_STYLE, RUBATO_TEST_STYLE, TEST_STYLE
from standpartner.errors import AudioError, ConfigError
from standpartner.hear import spectrogram
from standpartner.perform import (
    SOUNDS,
    UNSEEN_SOUND,
    UNSEEN_SOUNDFONT,
    PerformanceStyle,
    PlayedNotes,
    SoundChoices,
    disguise,
    draw_sound,
    find_soundfont,
    perform,
    synthesise,
)
from standpartner.piece import Performance, Piece
from standpartner.support.cache import cache_folder
from standpartner.support.files import DAMAGED_ARCHIVE, replacing

SETTINGS: Final = ("as-built", "score", "free", "rubato", "room")
_STYLES: Final = {"score": TEST_STYLE, "free": FREE_TEST_STYLE, "rubato": RUBATO_TEST_STYLE}
_VELOCITY: Final = 72  # of every note, as a piece does not keep the loudness of its notes
_RENDERING: Final = 1  # raise this with every change of the rendered sound
_NOT_YET: Final = np.zeros((0, BAND_COUNT), np.float32)


def piece_in_setting(piece: Piece, setting: str) -> Piece:
    """Return a piece as it is heard in a setting.

    Args:
        piece: The piece as it was built.
        setting: The name of the setting. "as-built" leaves the piece alone. The next three have one performance, the
            score's notes on the piano of the tests: "score" at their notated time, "free" at 0.6 to 1.6 times the
            notated tempo, which breathes, and "rubato" with stronger changes of tempo and hesitations. "room" has the
            notes of each performance, all equally loud, on a piano and in a room that no training used, drawn by the
            names of piece and performance.

    Returns:
        The piece with those performances.

    Raises:
        ConfigError: There is no such setting.
        MissingExtraError: The piano, or a synthesiser, is not installed.
        AudioError: A performance has no notes.
    """
    if setting not in SETTINGS:
        raise ConfigError(f"no setting {setting!r} to hear a piece in; expected one of {', '.join(SETTINGS)}")
    if setting == "as-built":
        return piece
    if setting in _STYLES:
        wanted = [_play(piece, _STYLES[setting], name=setting)]
    else:
        wanted = [_in_room(piece, heard) for heard in piece.performances]
    return replace(piece, performances=tuple(replace(heard, spectrogram=_spectrogram(heard)) for heard in wanted))


def mechanical_performance(piece: Piece, *, soundfont: str = TEST_STYLE.soundfonts[0]) -> Performance:
    """Play the score's notes mechanically at their notated time; the spectrogram is empty until it is rendered."""
    return _play(piece, replace(TEST_STYLE, soundfonts=(soundfont,)), name="score")


def _play(piece: Piece, style: PerformanceStyle, *, name: str) -> Performance:
    seed = seed_of(piece.name, name)
    played, onset_s, choices = perform(piece.score.notes, piece.score.onsets.time_s, style=style, seed=seed)
    return Performance(
        name=name,
        onset_s=onset_s,
        spectrogram=_NOT_YET,
        note_pitch=played.pitch,
        note_onset_s=played.onset_s,
        note_duration_s=played.duration_s,
        made_by={"kind": "synthesised", "seed": seed, **choices.record()},
    )


def performance_notes(performance: Performance) -> PlayedNotes:
    """Return the notes of a performance, all equally loud, on its instrument and in its tuning.

    Raises:
        AudioError: A note is out of range.
    """
    return PlayedNotes(
        pitch=performance.note_pitch,
        onset_s=np.maximum(performance.note_onset_s, 0.0),  # a recording may begin within its first note
        duration_s=performance.note_duration_s,
        velocity=np.full(len(performance.note_pitch), _VELOCITY),
        program=performance.made_by.get("program", 0),
        tuning_cents=performance.made_by.get("detune_cents", 0.0),
    )


def performance_audio(performance: Performance) -> NDArray[np.float32]:
    """Render the sound of a performance again from the record of how it was made, all notes equally loud.

    Returns:
        The samples at 22 050 Hz, (n,).

    Raises:
        AudioError: The performance was not made by a synthesiser, or has no notes.
        MissingExtraError: Its soundfont, or a synthesiser, is not installed.
    """
    made_by = performance.made_by
    if "soundfont" not in made_by:
        raise AudioError(
            f"the sound of {performance.name} ({made_by.get('kind', 'of unknown origin')}) is not kept and cannot be "
            "made again; choose another setting: --sound score or room"
        )
    audio = synthesise(performance_notes(performance), soundfont=find_soundfont(made_by["soundfont"]))
    audio = audio * np.float32(10.0 ** (made_by.get("gain_db", 0.0) / 20.0))
    sound = made_by.get("sound")
    return disguise(audio, SoundChoices.from_dict(sound)) if sound else audio


def _in_room(piece: Piece, performance: Performance) -> Performance:
    seed = seed_of(piece.name, performance.name, "room")
    sound = draw_sound([SOUNDS[UNSEEN_SOUND]], seed=seed)
    made_by = {"kind": "synthesised", "seed": seed, "soundfont": UNSEEN_SOUNDFONT, "sound": asdict(sound)}
    return replace(performance, spectrogram=_NOT_YET, made_by=made_by)


def _spectrogram(performance: Performance) -> NDArray[np.float32]:
    """Return the spectrogram, from the cache if it was rendered before; in half precision like those of pieces."""
    path = cache_folder() / "heard" / f"{_content_key(performance)}.npz"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:  # numpy leaves damaged files open
            return np.asarray(kept["spectrogram"], np.float32)
    except DAMAGED_ARCHIVE:  # it was never rendered, or is damaged
        rendered = spectrogram(performance_audio(performance)).astype(np.float16)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as draft:  # the file is never partial, even if others render the same
            np.savez_compressed(draft, spectrogram=rendered)
    except OSError as error:
        raise AudioError(f"cannot keep a rendered performance in {path.parent}: {error}; free space there") from error
    return rendered.astype(np.float32)


def _content_key(performance: Performance) -> str:
    """Return the key of all settings that decide how a performance sounds."""
    soundfont = find_soundfont(performance.made_by["soundfont"]).name
    made = hashlib.sha256(json.dumps([_RENDERING, soundfont, performance.made_by], sort_keys=True).encode())
    for notes in (performance.note_pitch, performance.note_onset_s, performance.note_duration_s):
        made.update(notes.tobytes())
    return made.hexdigest()
