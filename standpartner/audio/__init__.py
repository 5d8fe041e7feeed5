"""Sound: recordings, the spectrogram (offline and live the same), synthesis, performances and augmentation."""

from standpartner.audio.augment import AugmentConfig, augment, change_gain
from standpartner.audio.files import read_audio, write_audio
from standpartner.audio.perform import perform, render
from standpartner.audio.played import PlayedNotes
from standpartner.audio.spectrogram import SpectrogramStream, frame_centre, frame_count, spectrogram
from standpartner.audio.style import PerformanceChoices, PerformanceStyle
from standpartner.audio.synthesis import backends, soundfonts, synthesise

__all__ = [
    "AugmentConfig",
    "PerformanceChoices",
    "PerformanceStyle",
    "PlayedNotes",
    "SpectrogramStream",
    "augment",
    "backends",
    "change_gain",
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
