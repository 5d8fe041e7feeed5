"""Reads ABC tunes and writes them as MEI: voices, overlays, lengths and rests that Verovio's own reader loses."""

import re
from typing import Final

from standpartner.errors import ScoreError
from standpartner.score.notation.abc.mei import write_tune
from standpartner.score.notation.abc.reader import TuneReader
from standpartner.score.notation.abc.tunes import split_abc, strip_chord_symbols

__all__ = ["split_abc", "strip_chord_symbols", "write_abc_as_mei"]

_NOT_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # characters that XML lacks


def write_abc_as_mei(text: str, *, name: str) -> str:
    """Write one ABC tune as MEI.

    Args:
        text: The tune.
        name: The name of the file for messages.

    Raises:
        ScoreError: The tune has no notes.
    """
    tune = TuneReader().read(_NOT_XML.sub("", text))
    measures = [measure for voice in tune.voices for measure in voice.measures]
    if not any(event.pitches for measure in measures for layer in measure.layers for event in layer):
        raise ScoreError(f"{name} has no notes.")
    return write_tune(tune)
