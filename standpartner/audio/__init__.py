"""Sound: recordings, the spectrogram (offline and live the same), synthesis, performances, rooms and augmentation."""

from standpartner.audio.augment import AugmentConfig, augment, change_gain
from standpartner.audio.files import read_audio, write_audio
from standpartner.audio.perform import perform, render
from standpartner.audio.played import PlayedNotes
from standpartner.audio.spectrogram import SpectrogramStream, frame_centre, frame_count, spectrogram
from standpartner.audio.style import PerformanceChoices, PerformanceStyle
from standpartner.audio.surroundings import (
    SOUNDS,
    TRAINING_SOUNDS,
    UNSEEN_SOUND,
    UNSEEN_SOUNDFONT,
    SoundChoices,
    SoundConfig,
    disguise,
    draw_sound,
)
from standpartner.audio.synthesis import backends, find_soundfont, soundfonts, synthesise

__all__ = [
    "SOUNDS",
    "TRAINING_SOUNDS",
    "UNSEEN_SOUND",
    "UNSEEN_SOUNDFONT",
    "AugmentConfig",
    "PerformanceChoices",
    "PerformanceStyle",
    "PlayedNotes",
    "SoundChoices",
    "SoundConfig",
    "SpectrogramStream",
    "augment",
    "backends",
    "change_gain",
    "disguise",
    "draw_sound",
    "find_soundfont",
    "frame_centre",
    "frame_count",
    "perform",
    "read_audio",
    "render",
    "soundfonts",
    "spectrogram",
    "synthesise",
    "write_audio",
]
