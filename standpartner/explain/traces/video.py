"""Writes videos of presentations with their sound as mp4. It needs ``pip install "standpartner[video]"``.

One picture is one frame of the game. It is shown from the time on which the frame is centred: picture k begins at
second ``k / 20`` of the sound. Another speed changes the pictures' rate and stretches the sound, which keeps its pitch.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soxr

from standpartner.constants import FRAME_RATE_HZ, SAMPLE_RATE_HZ
from standpartner.errors import ConfigError, MissingExtraError, OutputError
from standpartner.explain.traces.painter import Painter
from standpartner.support.files import replacing

try:
    import av
    from av.filter import Graph
except ImportError as error:
    raise MissingExtraError("PyAV", 'pip install "standpartner[video]"') from error

SPEEDS: Final = (0.25, 4.0)
_SOUND_RATE_HZ: Final = 2 * SAMPLE_RATE_HZ  # every player takes this rate
_MOST_STRETCHED: Final = 2.0  # one stage of the stretching filter changes the speed by at most this factor
_KEY_PICTURES_S: Final = 2
_BITS_A_SECOND: Final = 128_000
_ITU_709: Final = 1  # the colours of high definition, by its number in the files
_H264: Final = {"preset": "veryfast", "crf": "20"}

Floats = npt.NDArray[np.float32]


def check_speed(speed: float) -> None:
    """Check that a video can have a speed.

    Raises:
        ConfigError: The speed is out of range.
    """
    lowest, highest = SPEEDS
    if not lowest <= speed <= highest:
        raise ConfigError(f"expected a speed from {lowest} to {highest}, got {speed}")


def write_video(
    path: Path, painter: Painter, *, speed: float = 1.0, progress: Callable[[int], None] | None = None
) -> None:
    """Write a presentation as an mp4 file (H.264 and AAC), whole or not at all.

    Args:
        path: The file.
        painter: The painter of its pictures.
        speed: The speed of the video; 0.5 is half as fast.
        progress: The function that is called after every picture with the number of pictures that are written.

    Raises:
        ConfigError: The speed is out of range.
        OutputError: The file cannot be written.
    """
    check_speed(speed)
    options = {"movflags": "+faststart"}
    try:
        with replacing(path) as draft, av.open(str(draft), "w", format="mp4", options=options) as container:
            writer = _Writer(container, painter, speed=Fraction(speed).limit_denominator(1000))
            for frame in range(painter.frames):
                writer.write(frame)
                if progress:
                    progress(frame + 1)
            writer.finish()
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; give another place or make room") from error


class _Writer:
    """Writes pictures, and with each the sound that is heard while it is shown."""

    def __init__(self, container: Any, painter: Painter, *, speed: Fraction) -> None:
        self.container, self.painter = container, painter
        height, width, _ = painter.paint(0).shape
        self._pictures = container.add_stream("libx264", rate=FRAME_RATE_HZ * speed, options=_H264)
        self._pictures.width, self._pictures.height, self._pictures.pix_fmt = width, height, "yuv420p"
        context = self._pictures.codec_context
        context.gop_size = round(_KEY_PICTURES_S * FRAME_RATE_HZ * speed)
        context.colorspace = context.color_primaries = context.color_trc = _ITU_709
        self._sound = container.add_stream("aac", rate=_SOUND_RATE_HZ, layout="mono", bit_rate=_BITS_A_SECOND)
        self._stretch = _Stretch(speed)
        self._audio = _as_long(painter)

    def write(self, frame: int) -> None:
        """Write one frame's picture and sound."""
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(self.painter.paint(frame)), format="rgb24")
        picture = picture.reformat(format="yuv420p", dst_colorspace=_ITU_709)
        picture.pts = frame
        picture.time_base = 1 / Fraction(self._pictures.codec_context.framerate)
        self.container.mux(self._pictures.encode(picture))
        hop = _SOUND_RATE_HZ // FRAME_RATE_HZ
        for sound in self._stretch.push(self._audio[frame * hop : (frame + 1) * hop]):
            self.container.mux(self._sound.encode(sound))

    def finish(self) -> None:
        """Write what the encoders still hold."""
        for sound in self._stretch.finish():
            self.container.mux(self._sound.encode(sound))
        for stream in (self._pictures, self._sound):
            self.container.mux(stream.encode(None))


def _as_long(painter: Painter) -> Floats:
    """Make the sound at the video's rate as long as its pictures."""
    audio = np.asarray(soxr.resample(painter.shown.audio, SAMPLE_RATE_HZ, _SOUND_RATE_HZ), np.float32)
    wanted = painter.frames * _SOUND_RATE_HZ // FRAME_RATE_HZ
    return np.pad(audio[:wanted], (0, max(wanted - len(audio), 0)))


class _Stretch:
    """Changes the speed of sound and keeps its pitch, chunk by chunk."""

    def __init__(self, speed: Fraction) -> None:
        self._graph: Any = None if speed == 1 else Graph()
        self._taken = self._given = 0
        if self._graph is None:
            return
        stages = [self._graph.add_abuffer(format="flt", sample_rate=_SOUND_RATE_HZ, layout="mono", channels=1)]
        stages += [self._graph.add("atempo", f"{factor:.9f}") for factor in _factors(float(speed))]
        stages.append(self._graph.add("abuffersink"))
        self._graph.link_nodes(*stages).configure()

    def push(self, samples: Floats) -> Iterator[Any]:
        """Take in samples, and yield the frames that are ready for the encoder."""
        frame = _frame(samples, self._taken)
        self._taken += len(samples)
        if self._graph is None:
            yield frame
        else:
            self._graph.push(frame)
            yield from self._ready()

    def finish(self) -> Iterator[Any]:
        """Yield what is left at the end."""
        if self._graph is not None:
            self._graph.push(None)
            yield from self._ready()

    def _ready(self) -> Iterator[Any]:
        while True:
            try:
                stretched = self._graph.pull()
            except (BlockingIOError, av.error.EOFError):  # there is nothing yet, or nothing any more
                return
            samples = stretched.to_ndarray().reshape(-1)
            yield _frame(samples, self._given)
            self._given += len(samples)


def _factors(speed: float) -> list[float]:
    """Split a speed into factors for the stages of stretching, each between a half and two."""
    stages = max(int(np.ceil(abs(np.log(speed)) / np.log(_MOST_STRETCHED))), 1)
    return [speed ** (1 / stages)] * stages


def _frame(samples: Floats, start: int) -> Any:
    """Wrap samples, which begin at a sample of the sound, as the encoder takes them."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="flt", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = _SOUND_RATE_HZ, start, Fraction(1, _SOUND_RATE_HZ)
    return frame
