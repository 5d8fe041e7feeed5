"""Recordings on disk: reading anything libsndfile knows as mono 22 050 Hz, and writing it."""

import re
import secrets
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.errors import AudioError
from standpartner.hear.mp3 import length_without_header

MAX_AUDIO_S: Final = 3 * 3600.0

_WRITABLE: Final = {".wav": "PCM_16", ".flac": "PCM_16", ".ogg": "VORBIS"}
_BLOCK_FRAMES: Final = 1 << 18
_MP3_FORMATS: Final = ("MP3", "MPEG")
_MP3_TOLERANCE: Final = 2 * 1152  # an mp3 tells its length in whole packets
_UNKNOWN_LENGTH: Final = 0x7FFF_0000  # programs that write a WAV file to a pipe announce about as much as fits


def read_audio(path: Path | str, *, max_s: float = MAX_AUDIO_S) -> NDArray[np.float32]:
    """Reads a recording (wav, flac, ogg, mp3 and whatever else libsndfile decodes).

    Channels are mixed down to their mean, other sampling rates are converted, memory grows with the result only.

    Args:
        path: The file; its content tells the format, not its name.
        max_s: Longest recording accepted, in seconds.

    Returns:
        (n,) mono samples at 22 050 Hz, normally in [-1, 1].

    Raises:
        AudioError: The file is missing, empty, no audio, cut off, damaged, too long, or holds non-finite samples.
    """
    path = Path(path)
    _check_file(path)
    try:
        with path.open("rb") as file, soundfile.SoundFile(file) as sound:
            _check_rate(path, sound.samplerate)
            announced = _announced_frames(path, sound)
            _check_length(path, announced / sound.samplerate, max_s)
            audio, decoded = _decode(path, sound, max_s)
            rate_hz, is_mp3 = sound.samplerate, sound.format in _MP3_FORMATS
    except OSError as error:
        raise AudioError(f"{path} cannot be opened: {error.strerror}") from error
    except soundfile.LibsndfileError as error:
        raise AudioError(_undecodable(path, error)) from error
    if decoded == 0:
        raise AudioError(f"{path} holds no sound: it has 0 samples; record or export it again")
    if announced - decoded > (_MP3_TOLERANCE if is_mp3 else 0):
        raise AudioError(
            f"{path} is cut off or damaged: {announced / rate_hz:.1f} s are announced, {decoded / rate_hz:.1f} s are "
            "there; copy or download it again, or convert it to wav"
        )
    return audio


def write_audio(path: Path | str, audio: NDArray[np.floating]) -> None:
    """Writes mono samples at 22 050 Hz; the file appears whole or not at all.

    Args:
        path: Goal; its suffix (.wav, .flac, .ogg) selects the format, 16 bit for the first two.
        audio: (n,) samples in [-1, 1].

    Raises:
        AudioError: Unknown suffix, samples that are not mono finite floats in [-1, 1], or the file cannot be written.
    """
    path = Path(path)
    subtype = _WRITABLE.get(path.suffix.lower())
    if subtype is None:
        raise AudioError(f"expected a name ending in {', '.join(_WRITABLE)}, got {path.name!r}")
    if audio.ndim != 1 or audio.dtype.kind != "f" or not np.isfinite(audio).all():
        raise AudioError(f"expected finite mono float samples to write, got {audio.dtype} of shape {audio.shape}")
    peak = float(np.abs(audio).max(initial=0.0))
    if peak > 1.0:
        raise AudioError(f"expected samples in [-1, 1] to write, got a peak of {peak:.3g}; scale or clip them first")
    temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
    try:
        _write_blocks(temporary, audio, subtype)
        temporary.replace(path)
    except (OSError, soundfile.LibsndfileError) as error:
        raise AudioError(f"{path} cannot be written: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _write_blocks(path: Path, audio: NDArray[np.floating], subtype: str) -> None:
    """Writes block by block: libsndfile's Vorbis encoder overflows its stack on one long write."""
    with soundfile.SoundFile(path, "w", SAMPLE_RATE_HZ, 1, subtype=subtype) as sound:
        for first in range(0, len(audio), _BLOCK_FRAMES):
            sound.write(audio[first : first + _BLOCK_FRAMES])


def _check_file(path: Path) -> None:
    """Refuses what is no file or holds nothing."""
    if not path.exists():
        raise AudioError(f"there is no file {path}; check the path")
    if not path.is_file():
        raise AudioError(f"expected an audio file, but {path} is not a file")
    if path.suffix.lower() == ".raw":
        raise AudioError(f"{path} is headerless audio; convert it to wav, flac, ogg or mp3")
    if path.stat().st_size == 0:
        raise AudioError(f"{path} is empty (0 bytes); copy or download it again")


def _check_length(path: Path, length_s: float, max_s: float) -> None:
    if length_s > max_s:
        raise AudioError(f"{path} is longer than the {max_s:.0f} s allowed ({length_s:.0f} s); cut it or raise max_s")


def _check_rate(path: Path, rate_hz: int) -> None:
    if not 4_000 <= rate_hz <= 400_000:
        raise AudioError(f"{path} claims {rate_hz} samples a second, expected 4 000 to 400 000; export it again")


def _decode(path: Path, sound: soundfile.SoundFile, max_s: float) -> tuple[NDArray[np.float32], int]:
    """All samples as mono 22 050 Hz, and how many frames there were before resampling."""
    rate_hz = sound.samplerate
    same_rate = rate_hz == SAMPLE_RATE_HZ
    resampler = None if same_rate else soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")
    parts, decoded = [], 0
    while len(block := sound.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
        if decoded % _BLOCK_FRAMES:  # libsndfile skips damaged Ogg pages: a short block and then more
            raise AudioError(f"{path} is damaged near second {decoded / rate_hz:.1f}; copy or download it again")
        decoded += len(block)
        _check_length(path, decoded / rate_hz, max_s)  # the announced length may be wrong
        mono = block.mean(axis=1, dtype=np.float32)
        if not np.isfinite(mono).all():
            raise AudioError(f"{path} holds samples that are not finite numbers; export it again")
        parts.append(resampler.resample_chunk(mono) if resampler else mono)
    if resampler:
        parts.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    return np.concatenate(parts) if parts else np.zeros(0, np.float32), decoded


def _undecodable(path: Path, error: soundfile.LibsndfileError) -> str:
    """One sentence for what libsndfile cannot open or decode."""
    words = str(error.error_string).removeprefix("Error : ").strip().rstrip(".")
    # libsndfile says this of files whose beginning looks like an mp3 but holds no whole packet.
    if words.startswith("File does not exist"):
        words = "no complete packet of sound in it"
    return (
        f"{path} is no audio that can be decoded, or is cut off or damaged (libsndfile: {words}); "
        "convert it to wav or flac, or download it again"
    )


def _announced_frames(path: Path, sound: soundfile.SoundFile) -> int:
    """Number of frames that the file says it has, as far as that can be told.

    libsndfile shortens a cut WAV or Ogg file silently and guesses the length of an mp3 without a header, so their own
    bytes are asked.
    """
    if sound.format in ("WAV", "WAVEX", "AIFF", "RF64", "W64"):
        return _announced_by_chunks(sound)
    if sound.format == "OGG" and not _ogg_is_complete(path):
        raise AudioError(f"{path} is cut off or damaged: its Ogg stream has no end; copy or download it again")
    counted = length_without_header(path) if sound.format in _MP3_FORMATS else None
    return sound.frames if counted is None else counted


def _announced_by_chunks(sound: soundfile.SoundFile) -> int:
    """Frames of an uncompressed file by its header's length, which libsndfile logs beside the true one."""
    wrong = re.search(r"^\s*(?:data|SSND)\s*: (\d+) \(should be (\d+)\)", sound.extra_info, re.MULTILINE)
    if wrong is None or int(wrong[2]) == 0 or int(wrong[1]) >= _UNKNOWN_LENGTH:
        return sound.frames
    return round(sound.frames * int(wrong[1]) / int(wrong[2]))


def _ogg_is_complete(path: Path) -> bool:
    """Whether whole pages follow each other up to one marked as the end of its stream (RFC 3533)."""
    ended, position, size = False, 0, path.stat().st_size
    with path.open("rb") as file:
        while position < size:
            file.seek(position)
            header = file.read(27 + 255)
            if header[:4] != b"OggS" or len(header) < 27:
                return ended  # other programs' tags may follow the end
            segment_count = header[26]
            position += 27 + segment_count + sum(header[27 : 27 + segment_count])
            ended = bool(header[5] & 4)
    return ended and position == size
