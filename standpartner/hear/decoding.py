"""Opens sound files with libsndfile and finds damage that libsndfile does not report."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import soundfile

from standpartner.errors import AudioError
from standpartner.hear.mp3 import length_without_header

_MP3_FORMATS: Final = ("MP3", "MPEG")
_MP3_TOLERANCE: Final = 2 * 1152  # an mp3 gives its length in whole packets
_UNKNOWN_LENGTH: Final = 0x7FFF_0000  # programs that write a WAV file to a pipe announce about the greatest length


@contextmanager
def opened(path: Path) -> Iterator[soundfile.SoundFile]:
    """Open a sound file; errors of libsndfile inside the block become an `AudioError`.

    Raises:
        AudioError: The file is missing, empty, cut off, damaged or not audio that can be decoded.
    """
    _check_file(path)
    try:
        with path.open("rb") as file, soundfile.SoundFile(file) as sound:
            yield sound
    except OSError as error:
        raise AudioError(f"{path} cannot be opened: {error.strerror}") from error
    except soundfile.LibsndfileError as error:
        raise AudioError(_undecodable(path, error)) from error


def announced_frames(path: Path, sound: soundfile.SoundFile) -> int:
    """Return the number of frames that a file announces, as far as that is known.

    libsndfile shortens a cut WAV or Ogg file silently and guesses the length of an mp3 without a header, so their own
    bytes are read.

    Raises:
        AudioError: The file is Ogg and has no end.
    """
    if sound.format in ("WAV", "WAVEX", "AIFF", "RF64", "W64"):
        return _announced_by_chunks(sound)
    if sound.format == "OGG" and not _ogg_is_complete(path):
        raise AudioError(f"{path} is cut off or damaged: its Ogg stream has no end; copy or download it again")
    counted = length_without_header(path) if sound.format in _MP3_FORMATS else None
    return sound.frames if counted is None else counted


def tolerated_frames(sound: soundfile.SoundFile) -> int:
    """Return the number of frames by which a sound file may be shorter than it announces."""
    return _MP3_TOLERANCE if sound.format in _MP3_FORMATS else 0


def _check_file(path: Path) -> None:
    """Raise an error for what is not a file or is empty."""
    if not path.exists():
        raise AudioError(f"there is no file {path}; check the path")
    if not path.is_file():
        raise AudioError(f"expected an audio file, but {path} is not a file")
    if path.suffix.lower() == ".raw":
        raise AudioError(f"{path} is headerless audio; convert it to wav, flac, ogg or mp3")
    if path.stat().st_size == 0:
        raise AudioError(f"{path} is empty (0 bytes); copy or download it again")


def _undecodable(path: Path, error: soundfile.LibsndfileError) -> str:
    """Return the sentence for a file that libsndfile cannot open or decode."""
    words = str(error.error_string).removeprefix("Error : ").strip().rstrip(".")
    # libsndfile says this of files whose beginning looks like an mp3 but holds no whole packet.
    if words.startswith("File does not exist"):
        words = "no complete packet of sound in it"
    return (
        f"{path} is no audio that can be decoded, or is cut off or damaged (libsndfile: {words}); "
        "convert it to wav or flac, or download it again"
    )


def _announced_by_chunks(sound: soundfile.SoundFile) -> int:
    """Return the frames of an uncompressed file by its header, which libsndfile logs beside the true length."""
    wrong = re.search(r"^\s*(?:data|SSND)\s*: (\d+) \(should be (\d+)\)", sound.extra_info, re.MULTILINE)
    if wrong is None or int(wrong[2]) == 0 or int(wrong[1]) >= _UNKNOWN_LENGTH:
        return int(sound.frames)
    return round(sound.frames * int(wrong[1]) / int(wrong[2]))


def _ogg_is_complete(path: Path) -> bool:
    """Tell whether whole pages follow each other up to one marked as the end of its stream (RFC 3533)."""
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
