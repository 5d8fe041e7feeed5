"""Decodes a recording of any format: with libsndfile where that reads it rightly, else with FFmpeg's libraries.

libsndfile comes first; its numbers are the same on every machine. FFmpeg's libraries take over

* where libsndfile does not know the format or refuses the file;
* where it would misread it: an mp3 whose header does not tell its length and its encoder's delay, and a file whose
  header says 0, as programs write that do not know the length in advance;
* behind the damage at which libsndfile gives up.

`decode` runs in a child process (`standpartner.hear.sources`), because a recording may be hostile.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from standpartner.errors import AudioError
from standpartner.hear.libav import LibavSound
from standpartner.hear.libsndfile import LibsndfileSound
from standpartner.hear.mixing import can_be_sound
from standpartner.hear.refusal import Refusal

Float32 = NDArray[np.float32]
Sound = LibsndfileSound | LibavSound


def decode(path: str) -> Iterator[dict[str, Any] | bytes]:
    """Decode a recording for `standpartner.support.child_streams`.

    Args:
        path: The file, whose content and not its name tells the format.

    Yields:
        First a dictionary with ``rate_hz``, ``channels``, and ``frames``, the number that the file announces or None.
        Then the samples block by block, float32, channels beside each other. Last a dictionary with ``remark``: what
        of the file could not be read, in words that follow its name, or None.

    Raises:
        AudioError: The file is missing, empty, holds no sound that can be decoded, or holds non-finite or far too
            large samples.
    """
    file = Path(path)
    _check_file(file)
    try:
        with ExitStack() as stack:
            sound = _open(file, stack)
            yield {"rate_hz": sound.rate_hz, "channels": sound.channels, "frames": sound.announced}
            decoded = 0
            for block in _blocks(file, sound):
                if not can_be_sound(block):
                    raise AudioError(
                        f"{file} holds samples that are not finite numbers, or far too large; export it again"
                    )
                decoded += len(block)
                yield block.tobytes()
    except OSError as error:
        raise AudioError(f"{file} cannot be opened: {error.strerror}") from error
    if decoded == 0:
        raise AudioError(f"{file} holds no sound: it has 0 samples; record or export it again")
    yield {"remark": _remark(sound, decoded)}


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


def _open(path: Path, stack: ExitStack) -> Sound:
    """Open a file with the first decoder that reads it rightly; the stack closes it."""
    words = None
    try:
        sound = stack.enter_context(LibsndfileSound.opened(path))
        if sound.is_right:
            return sound
    except Refusal as refusal:
        words = f"libsndfile: {refusal}"
    try:
        return stack.enter_context(LibavSound.opened(path))
    except Refusal as refusal:
        raise AudioError(
            f"{path} is no audio that can be decoded, or is cut off or damaged ({words or f'FFmpeg: {refusal}'}); "
            "convert it to wav or flac, or download it again"
        ) from refusal


def _blocks(path: Path, sound: Sound) -> Iterator[Float32]:
    """Decode block by block; where libsndfile gives up, FFmpeg's libraries go on behind that place."""
    decoded = 0
    try:
        for block in sound.blocks():
            decoded += len(block)
            yield block
        return
    except Refusal:
        sound.damaged_at = sound.damaged_at or decoded
    with ExitStack() as stack:
        try:
            other = stack.enter_context(LibavSound.opened(path))
        except (Refusal, AudioError):
            return
        if (other.rate_hz, other.channels) != (sound.rate_hz, sound.channels):
            return
        passed = 0
        for block in other.blocks():
            if passed + len(block) > decoded:
                yield block[max(0, decoded - passed) :]
            passed += len(block)


def _remark(sound: Sound, decoded: int) -> str | None:
    """Say what could not be read, if anything."""
    there_s = decoded / sound.rate_hz
    missing = 0 if sound.announced is None else sound.announced - decoded
    if missing > sound.tolerated:
        return (
            f"is cut off or damaged: {(sound.announced or 0) / sound.rate_hz:.1f} s are announced, "
            f"{there_s:.1f} s could be read"
        )
    if sound.damaged_at is not None:
        return (
            f"is damaged near second {sound.damaged_at / sound.rate_hz:.1f}: what could be read is {there_s:.1f} s long"
        )
    if not sound.has_end:
        return f"is cut off or damaged: it has no end; {there_s:.1f} s could be read"
    return None
