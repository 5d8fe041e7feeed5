"""Makes performances and their sound: timing, playing errors, instruments, rooms, noise and microphones."""

from standpartner.perform.augment import AugmentConfig, augment, change_gain
from standpartner.perform.expression import perform, render
from standpartner.perform.played import PlayedNotes
from standpartner.perform.style import PerformanceChoices, PerformanceStyle
from standpartner.perform.surroundings import (
    SOUNDS,
    TRAINING_SOUNDS,
    UNSEEN_SOUND,
    UNSEEN_SOUNDFONT,
    SoundChoices,
    SoundConfig,
    disguise,
    draw_sound,
)
from standpartner.perform.synthesis import backends, find_soundfont, soundfonts, synthesise

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
    "augment",
    "backends",
    "change_gain",
    "disguise",
    "draw_sound",
    "find_soundfont",
    "perform",
    "render",
    "soundfonts",
    "synthesise",
]
