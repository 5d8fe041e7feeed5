"""Reads sound from any source and computes its spectrogram, with the same numbers offline and live."""

from standpartner.hear.files import read_audio, write_audio
from standpartner.hear.resampling import Resampler
from standpartner.hear.sources import ArraySource, FileSource, Source
from standpartner.hear.spectrogram import SpectrogramStream, frame_centre, frame_count, spectrogram, transposed

__all__ = [
    "ArraySource",
    "FileSource",
    "Resampler",
    "Source",
    "SpectrogramStream",
    "frame_centre",
    "frame_count",
    "read_audio",
    "spectrogram",
    "transposed",
    "write_audio",
]
