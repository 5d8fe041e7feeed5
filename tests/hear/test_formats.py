"""Recordings in the formats of phones, browsers and programs: read whole, with their sound where it was.

``python tests/hear/test_formats.py`` prints the table of ``docs/recordings.md``.
"""

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest
import soundfile

from standpartner.errors import AudioError
from standpartner.hear import FileSource, Resampler
from standpartner.hear.decoding import decode

RATE_HZ = 48_000
LENGTH_S = 3.0
BURSTS_S = (0.0, 0.7, 1.9)
DOCS = Path(__file__).parents[2] / "docs" / "recordings.md"


class Format(NamedTuple):
    """A container and a coding; without a coding libsndfile writes it."""

    name: str
    ending: str
    coding: str | None = None
    container: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    picture: str | None = None


FORMATS = (
    Format("WAV", "wav"),
    Format("FLAC", "flac"),
    Format("AIFF", "aiff"),
    Format("AU", "au"),
    Format("CAF", "caf"),
    Format("W64", "w64"),
    Format("Ogg Vorbis", "ogg"),
    Format("Ogg Opus", "opus", "libopus", "ogg"),
    Format("Ogg FLAC", "oga", "flac", "ogg"),
    Format("mp3", "mp3", "libmp3lame"),
    Format("mp3 without LAME header", "mp3", "libmp3lame", "mp3", (("write_xing", "0"),)),
    Format("AAC, no container", "aac", "aac", "adts"),
    Format("AAC in MPEG-4", "m4a", "aac", "mp4"),
    Format("AAC in MPEG-4, fragmented", "mp4", "aac", "mp4", (("movflags", "frag_keyframe+empty_moov"),)),
    Format("ALAC in MPEG-4", "m4a", "alac", "mp4"),
    Format("Opus in MPEG-4", "mp4", "libopus", "mp4"),
    Format("ALAC in CAF", "caf", "alac", "caf"),
    Format("AAC in 3GPP", "3gp", "aac", "3gp"),
    Format("WMA", "wma", "wmav2", "asf"),
    Format("Opus in WebM, live", "webm", "libopus", "webm", (("live", "1"),)),
    Format("FLAC in Matroska", "mka", "flac", "matroska"),
    Format("WavPack", "wv", "wavpack", "wv"),
    Format("True Audio", "tta", "tta", "tta"),
    Format("AC-3", "ac3", "ac3", "ac3"),
    Format("video: MPEG-4", "mp4", "aac", "mp4", (), "mpeg4"),
    Format("video: QuickTime", "mov", "aac", "mov", (), "mpeg4"),
    Format("video: WebM", "webm", "libopus", "webm", (), "libvpx"),
    Format("video: Matroska", "mkv", "aac", "matroska", (), "mpeg4"),
    Format("video: 3GPP", "3gp", "aac", "3gp", (), "mpeg4"),
    Format("video: AVI", "avi", "libmp3lame", "avi", (), "mpeg4"),
    Format("video: MPEG-TS", "ts", "aac", "mpegts", (), "mpeg2video"),
    Format("video: Flash", "flv", "aac", "flv", (), "flv"),
)


def bursts() -> np.ndarray:
    """Bursts of noise, which begin sharply, between silences."""
    audio = np.zeros(round(LENGTH_S * RATE_HZ), np.float32)
    burst = 0.3 * np.random.default_rng(0).standard_normal(round(0.4 * RATE_HZ)).astype(np.float32)
    for start_s in BURSTS_S:
        start = round(start_s * RATE_HZ)
        audio[start : start + len(burst)] = burst
    return audio


def write(path: Path, kind: Format, audio: np.ndarray, channels: int = 1) -> None:
    """Write a recording in a format."""
    samples = np.repeat(audio[:, None], channels, axis=1)
    if kind.coding is None:
        soundfile.write(path, samples, RATE_HZ)
        return
    with av.open(str(path), "w", format=kind.container, options=dict(kind.options)) as container:
        pictures = None if kind.picture is None else container.add_stream(kind.picture, rate=25)
        layout = "mono" if channels == 1 else "stereo"
        sound = container.add_stream(kind.coding, rate=RATE_HZ, layout=layout)
        if kind.coding == "wmav2":
            sound.codec_context.format = "fltp"
        if kind.coding not in ("flac", "alac", "tta", "wavpack"):
            sound.bit_rate = 128_000
        if pictures is not None:
            pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
            black = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            for _ in range(round(25 * LENGTH_S)):
                container.mux(pictures.encode(black))
            container.mux(pictures.encode())
        encode(container, sound, samples, layout)


def encode(container, sound, samples, layout) -> None:
    context = sound.codec_context
    resampler = av.AudioResampler(
        format=context.format.name, layout=layout, rate=RATE_HZ, frame_size=context.frame_size or None
    )
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        container.mux(sound.encode(part))
    container.mux(sound.encode())


def read(path: Path) -> tuple[np.ndarray, int, str | None]:
    """The recording at 22 050 Hz, its number of channels, and the remark; decoded in this process, which is quick."""
    header, *blocks, end = decode(str(path))
    resampler = Resampler(header["rate_hz"])
    sound = [np.frombuffer(block, np.float32).reshape(-1, header["channels"]) for block in blocks]
    audio = np.concatenate([*(resampler.push(block) for block in sound), resampler.finish()])
    return audio, header["channels"], end["remark"]


def shift_ms(audio: np.ndarray) -> float:
    """By how much the bursts are later than they were written: the peak of the cross-correlation of envelopes."""
    resampler = Resampler(RATE_HZ)
    wanted = np.concatenate([resampler.push(bursts()), resampler.finish()])
    size = 1 << 18
    spectrum = np.fft.rfft(audio, size) * np.conj(np.fft.rfft(wanted, size))
    lag = int(np.argmax(np.fft.irfft(spectrum)))
    return 1000 * (lag if lag < size // 2 else lag - size) / 22_050


def table() -> str:
    """The table of formats, each of which is tried below."""
    rows = [f"| {kind.name} | `.{kind.ending}` |" for kind in FORMATS]
    return "\n".join(["| format | usual name |", "|---|---|", *rows])


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.name)
def test_every_format_is_read_whole_and_in_its_place(kind, tmp_path):
    path = tmp_path / f"recording.{kind.ending}"
    write(path, kind, bursts(), channels=2)
    audio, channels, remark = read(path)
    assert (channels, remark) == (2, None)
    assert len(audio) / 22_050 == pytest.approx(LENGTH_S, abs=0.06)
    assert abs(shift_ms(audio)) < 1.0, "the docs say so"


def test_the_table_in_the_docs_lists_what_is_tried():
    assert f"\n{table()}\n" in DOCS.read_text()


def test_a_video_is_a_source_of_sound(tmp_path):
    kind = next(kind for kind in FORMATS if kind.picture and kind.ending == "mp4")
    write(tmp_path / "lesson.mp4", kind, bursts(), channels=2)
    source = FileSource(tmp_path / "lesson.mp4")
    first, again = (np.concatenate(list(source)) for _ in range(2))
    assert np.array_equal(first, again)
    assert (source.rate_hz, source.channels, source.remark) == (RATE_HZ, 2, None)
    assert source.duration_s == pytest.approx(LENGTH_S, abs=0.05)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_cut_video_is_read_as_far_as_it_goes(tmp_path, share):
    kind = next(kind for kind in FORMATS if kind.name == "video: Matroska")
    write(tmp_path / "lesson.mkv", kind, bursts())
    content = (tmp_path / "lesson.mkv").read_bytes()
    (tmp_path / "lesson.mkv").write_bytes(content[: int(share * len(content))])
    audio, _, _ = read(tmp_path / "lesson.mkv")
    assert share - 0.3 < len(audio) / 22_050 / LENGTH_S < share + 0.1
    assert abs(shift_ms(audio)) < 1.0


def test_a_video_without_sound_is_one_sentence(tmp_path):
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("mpeg4", rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
        black = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        container.mux(pictures.encode(black))
        container.mux(pictures.encode())
    with pytest.raises(AudioError, match=r"silent\.mp4 is a video without sound; give a recording, or a video with"):
        FileSource(path)


def test_a_list_of_other_files_is_no_recording(tmp_path):
    write(tmp_path / "a.ts", next(kind for kind in FORMATS if kind.container == "mpegts"), bursts())
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{tmp_path / 'a.ts'}\n#EXT-X-ENDLIST\n"
    for name, text in (("list.m3u8", playlist), ("list.ffconcat", f"ffconcat version 1.0\nfile {tmp_path / 'a.ts'}\n")):
        (tmp_path / name).write_text(text)
        with pytest.raises(AudioError, match="is no audio that can be decoded"):
            FileSource(tmp_path / name)


if __name__ == "__main__":
    print(table())  # noqa: T201
