"""Reads whole recordings as mono sound at 22 050 Hz, and writes such recordings."""

from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.errors import AudioError
from standpartner.hear.ogg import with_fixed_serial
from standpartner.hear.resampling import Resampler
from standpartner.hear.sources import MAX_AUDIO_S, FileSource
from standpartner.support.files import replacing

_WRITABLE: Final = {".wav": "PCM_16", ".flac": "PCM_16", ".ogg": "VORBIS"}
_BLOCK_FRAMES: Final = 1 << 18


def read_audio(path: Path | str, *, max_s: float = MAX_AUDIO_S, whole: bool = True) -> NDArray[np.float32]:
    """Read a recording of any format that `FileSource` knows.

    Channels are mixed down to one, and other sampling rates are converted. Memory grows with the result only.

    Args:
        path: The file, whose content and not its name tells the format.
        max_s: The longest recording accepted, in seconds.
        whole: Whether a file that is cut off or damaged is refused; if not, what can be read of it is returned.

    Returns:
        The mono samples at 22 050 Hz, (n,), normally in [-1, 1].

    Raises:
        AudioError: The file is missing, empty, not audio, too long, holds non-finite samples, or is not whole.
    """
    source = FileSource(path, max_s=max_s)
    resampler = Resampler(source.rate_hz)
    parts = [*(resampler.push(chunk) for chunk in source), resampler.finish()]
    if whole and source.remark is not None:
        raise AudioError(f"{source.path} {source.remark}; copy or download it again")
    return np.concatenate(parts)


def write_audio(path: Path | str, audio: NDArray[np.floating]) -> None:
    """Write mono samples at 22 050 Hz; the file appears whole or not at all, and the same samples give the same file.

    Args:
        path: The file, whose suffix (.wav, .flac, .ogg) selects the format; the first two have 16 bits.
        audio: The samples, (n,), in [-1, 1].

    Raises:
        AudioError: The suffix is unknown, the samples are not mono finite floats in [-1, 1], or the file cannot be
            written.
    """
    path = Path(path)
    subtype = _WRITABLE.get(path.suffix.lower())
    if subtype is None:
        raise AudioError(f"expected a name ending in {', '.join(_WRITABLE)}, got {path.name!r}")
    if audio.ndim != 1 or audio.dtype.kind != "f" or not np.isfinite(audio).all():
        raise AudioError(f"expected finite mono float samples to write, got {audio.dtype} of shape {audio.shape}")
    audio = audio.astype(np.float32 if audio.dtype.itemsize <= 4 else np.float64, copy=False)  # as libsndfile takes it
    peak = float(np.abs(audio).max(initial=0.0))
    if peak > 1.0:
        raise AudioError(f"expected samples in [-1, 1] to write, got a peak of {peak:.3g}; scale or clip them first")
    try:
        with replacing(path) as draft:
            _write_blocks(draft, audio, subtype)
            if subtype == "VORBIS":
                draft.write_bytes(with_fixed_serial(draft.read_bytes()))
    except (OSError, soundfile.LibsndfileError) as error:
        raise AudioError(f"{path} cannot be written: {error}") from error


def _write_blocks(path: Path, audio: NDArray[np.floating], subtype: str) -> None:
    """Write block by block, because libsndfile's Vorbis encoder overflows its stack on one long write."""
    with soundfile.SoundFile(path, "w", SAMPLE_RATE_HZ, 1, subtype=subtype) as sound:
        for first in range(0, len(audio), _BLOCK_FRAMES):
            sound.write(audio[first : first + _BLOCK_FRAMES])
