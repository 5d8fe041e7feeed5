"""Decodes with FFmpeg's libraries (PyAV) what libsndfile does not know: m4a, WMA, Matroska, the sound of videos.

Sound begins where the container says. Encoders of AAC, mp3 and others put some silence before it. Where a container
does not say how much, the usual amount is taken off.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from standpartner.errors import AudioError
from standpartner.hear.libsndfile import ogg_is_complete
from standpartner.hear.mp3 import PACKET_TOLERANCE, mp3_length
from standpartner.hear.refusal import Refusal
from standpartner.hear.unknown_length import open_sound

Float32 = NDArray[np.float32]

# Containers that lead to other files or to addresses, such as playlists, are not among them.
_CONTAINERS: Final = (
    "3gp,aac,ac3,adts,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dts,dv,eac3,f4v,flac,flv,gsm,loas,latm,m4v,matroska,mka,"
    "mov,mp2,mp3,mp4,mpc,mpc8,mpeg,mpegts,mxf,nut,ogg,opus,oma,qcp,qoa,rm,spx,tak,tta,voc,vob,w64,wav,webm,wv,xwma"
)
_OPTIONS: Final = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}
_DELAYS: Final = {"aac": 1024, "mp3": 1105, "mp3float": 1105, "mp2": 481, "mp2float": 481, "ac3": 256, "eac3": 256}
_LAYER_3: Final = ("mp3", "mp3float")
_SKIPPED_TWICE: Final = ("wmav1", "wmav2")  # FFmpeg takes off two packets' length, of which the second holds sound
_TELLS_LENGTH: Final = ("mov", "matroska", "asf")
_TOLERATED_S: Final = 0.5
_TOLERATED_WITH_PICTURE_S: Final = 5.0  # the length is that of the longer of both
_LONGEST_LEAD_S: Final = 600.0
_BLOCK_FRAMES: Final = 1 << 16
_MOST_REFUSED: Final = 2000  # packets in a row that cannot be decoded


class LibavSound:
    """The first audio stream of an open container.

    Attributes:
        rate_hz: The samples a second, by the first frame.
        channels: The number of channels, by the first frame.
        announced: The frames that the container announces; None where it does not say.
        tolerated: The frames by which there may be fewer.
        has_end: Whether the file ends as its format wants it, as far as that is looked at.
        damaged_at: The frame before which the first damage was met; None so far.

    Raises:
        AudioError: There is no audio stream, or none that can be decoded.
    """

    def __init__(self, path: Path, container: Any) -> None:
        if not container.streams.audio:
            kind = "a video without sound" if container.streams.video else "a file without sound"
            raise AudioError(f"{path} is {kind}; give a recording, or a video with a sound track")
        self._container, self._stream = container, container.streams.audio[0]
        if self._stream.codec_context is None:
            raise AudioError(f"{path} holds sound in an unknown coding; convert it to wav or flac")
        self._stream.codec_context.thread_count = 1
        self.damaged_at: int | None = None
        self._delay_told, self._count = False, 0
        self._frames = self._decoded()
        first = next(self._frames, None)
        if first is None:
            raise AudioError(f"{path} holds no sound: it has 0 samples that can be decoded; record or export it again")
        self._first = first
        self.rate_hz, self.channels = int(first.sample_rate), len(first.layout.channels)
        self.announced, self.tolerated = self._length(path)
        self.has_end = container.format.name != "ogg" or ogg_is_complete(path)

    def blocks(self) -> Iterator[Float32]:
        """Decode from the beginning to the end; it can be done once.

        Yields:
            The samples, (n, channels), in blocks of some seconds.
        """
        waiting, count, skip = [], 0, self._skipped_frames()
        if skip < 0:
            yield np.zeros((-skip, self.channels), np.float32)
        for samples in self._samples():
            kept = samples[max(0, skip) :]
            skip -= len(samples)
            waiting.append(kept)
            count += len(kept)
            if count >= _BLOCK_FRAMES:
                yield np.concatenate(waiting)
                waiting, count = [], 0
        if count:
            yield np.concatenate(waiting)

    def _decoded(self) -> Iterator[AudioFrame]:
        """Decode packet by packet, going on behind damage."""
        refused, first = 0, True
        packets = self._container.demux(self._stream)
        while refused < _MOST_REFUSED:
            try:
                packet = next(packets)
                if first and packet.size:
                    self._delay_told = packet.has_sidedata("skip_samples") or (packet.pts or 0) < 0
                    first = False
                frames = packet.decode()
            except StopIteration:
                return
            except (av.FFmpegError, ValueError):
                self.damaged_at = self._count if self.damaged_at is None else self.damaged_at
                refused += 1
                continue
            refused = 0
            for frame in frames:
                self._count += frame.samples
                yield frame

    def _samples(self) -> Iterator[Float32]:
        """Yield the samples of each frame, at the rate and with the channels of the first one."""
        converter, converted_hz = None, self.rate_hz
        frame: AudioFrame | None = self._first
        while frame is not None:
            samples = _floats(frame)
            if samples.shape[1] != self.channels:
                samples = np.repeat(samples.mean(axis=1, keepdims=True), self.channels, axis=1)
            if frame.sample_rate != converted_hz:
                converted_hz = frame.sample_rate
                same = converted_hz == self.rate_hz
                converter = None if same else soxr.ResampleStream(converted_hz, self.rate_hz, self.channels)
            yield samples if converter is None else converter.resample_chunk(samples)
            frame = next(self._frames, None)

    def _skipped_frames(self) -> int:
        """Return the frames before the beginning of the sound; negative: the silence before the first frame."""
        frame, start_s = self._first, (self._container.start_time or 0) / av.time_base
        lead_s = 0.0 if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base) - start_s
        codec = self._stream.codec_context.name
        if not 0 < lead_s <= _LONGEST_LEAD_S:
            lead_s = 0.0
        if codec in _SKIPPED_TWICE:
            lead_s /= 2
        return (0 if self._delay_told else _DELAYS.get(codec, 0)) - round(lead_s * self.rate_hz)

    def _length(self, path: Path) -> tuple[int | None, int]:
        """Return the frames that are announced, and by how many there may be fewer."""
        name = self._container.format.name.split(",")[0]
        if name == "mp3" and self._stream.codec_context.name in _LAYER_3:
            length = mp3_length(path)
            return length.announced or length.counted or None, PACKET_TOLERANCE
        if name not in _TELLS_LENGTH:
            return None, 0
        own, all_streams = self._stream.duration, self._container.duration
        length_s = float(own * self._stream.time_base) if own else (all_streams or 0) / av.time_base
        tolerated_s = _TOLERATED_S if own or not self._container.streams.video else _TOLERATED_WITH_PICTURE_S
        return round(length_s * self.rate_hz) or None, round(tolerated_s * self.rate_hz)

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> "Iterator[LibavSound]":
        """Open the first audio stream of a file.

        Raises:
            Refusal: The container cannot be read.
            AudioError: It holds no sound, or none that can be decoded.
            OSError: The system cannot open the file.
        """
        with open_sound(path) as file:
            try:
                container = av.open(file, options=dict(_OPTIONS))
            except (av.FFmpegError, ValueError) as error:
                raise Refusal(getattr(error, "strerror", None) or str(error)) from error
            try:
                yield cls(path, container)
            finally:
                with suppress(av.FFmpegError):  # what FFmpeg says of a damaged end is no news
                    container.close()


def _floats(frame: AudioFrame) -> Float32:
    """Return the samples of a frame in [-1, 1], (n, channels)."""
    array = frame.to_ndarray()
    samples = array.T if frame.format.is_planar else array.reshape(-1, len(frame.layout.channels))
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128.0) / 128.0
    if samples.dtype.kind == "i":
        return samples.astype(np.float32) / np.float32(1 << (8 * samples.dtype.itemsize - 1))
    return samples.astype(np.float32)
