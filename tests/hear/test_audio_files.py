import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from standpartner.errors import AudioError
from standpartner.hear import FileSource, files, read_audio, spectrogram, write_audio
from standpartner.hear.mp3 import _after_tag, _packet, mp3_length
from standpartner.hear.ogg import with_fixed_serial

RATE_HZ = 22_050
FORMATS = ("wav", "flac", "ogg", "mp3")


def noise(count, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(count)).astype(np.float32)


def sine(rate_hz, hz=440.0, seconds=2.0):
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, Path]:
    """Four seconds of noise at 44.1 kHz in each format."""
    folder = tmp_path_factory.mktemp("audio")
    for suffix in FORMATS:
        soundfile.write(folder / f"whole.{suffix}", noise(4 * 44_100), 44_100)
    return {suffix: folder / f"whole.{suffix}" for suffix in FORMATS}


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_is_read_as_mono_22050(whole, suffix):
    audio = read_audio(whole[suffix])
    assert audio.dtype == np.float32
    assert audio.shape == (4 * RATE_HZ,)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_resampling_keeps_time_pitch_and_level(tmp_path, rate_hz):
    soundfile.write(tmp_path / "sine.wav", sine(rate_hz), rate_hz, subtype="FLOAT")
    audio = read_audio(tmp_path / "sine.wav")
    assert len(audio) == 2 * RATE_HZ
    inner = slice(2_000, -2_000)  # a converter rings at the ends
    np.testing.assert_allclose(audio[inner], sine(RATE_HZ)[inner], atol=2e-3)


def test_channels_are_mixed_to_their_mean(tmp_path):
    soundfile.write(tmp_path / "stereo.wav", np.stack([sine(RATE_HZ), 0 * sine(RATE_HZ)], axis=1), RATE_HZ)
    np.testing.assert_allclose(read_audio(tmp_path / "stereo.wav"), sine(RATE_HZ) / 2, atol=1e-4)


def test_the_content_tells_the_format_not_the_name(whole, tmp_path):
    (tmp_path / "song.wav").write_bytes(whole["ogg"].read_bytes())
    assert len(read_audio(str(tmp_path / "song.wav"))) == 4 * RATE_HZ


def cut(path, share):
    content = path.read_bytes()
    target = path.with_name(f"cut{share}{path.suffix}")
    target.write_bytes(content[: int(len(content) * share)])
    return target


def read_as_it_is(path):
    """The samples that can be read, mono at their own rate, and the remark."""
    source = FileSource(path)
    return np.concatenate(list(source)).mean(axis=1), source.remark


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_cut_files_are_read_as_far_as_they_go_and_say_so(whole, suffix, share):
    samples, remark = read_as_it_is(cut(whole[suffix], share))
    complete = np.concatenate(list(FileSource(whole[suffix]))).mean(axis=1)
    assert share - 0.25 < len(samples) / len(complete) < share + 0.05
    assert remark.startswith("is cut off or damaged")
    np.testing.assert_allclose(samples[:-2_000], complete[: len(samples) - 2_000], atol=1e-3)


@pytest.mark.parametrize("suffix", FORMATS)
def test_where_the_whole_is_needed_a_cut_file_is_refused(whole, suffix):
    with pytest.raises(AudioError, match=rf"cut0\.5\.{suffix} is cut off or damaged.*copy or download it again"):
        read_audio(cut(whole[suffix], 0.5))


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_a_cut_of_a_hundredth_is_noticed(whole, suffix):
    assert read_as_it_is(cut(whole[suffix], 0.99))[1].startswith("is cut off or damaged")


@pytest.mark.parametrize(("suffix", "length"), [("flac", 300), ("ogg", 300), ("ogg", 4_000), ("mp3", 4_000)])
def test_what_stands_behind_damage_is_read(whole, tmp_path, suffix, length):
    content = bytearray(whole[suffix].read_bytes())
    middle = len(content) // 2
    content[middle : middle + length] = bytes(length)
    (tmp_path / f"damaged.{suffix}").write_bytes(content)
    samples, remark = read_as_it_is(tmp_path / f"damaged.{suffix}")
    assert "damaged" in remark
    assert len(samples) > 3.2 * 44_100


def test_an_mp3_of_300_bytes_gives_one_sentence(whole, tmp_path):
    (tmp_path / "short.mp3").write_bytes(whole["mp3"].read_bytes()[:300])
    with pytest.raises(AudioError, match="no complete packet of sound in it") as caught:
        read_audio(tmp_path / "short.mp3")
    assert "does not exist" not in str(caught.value)
    assert "\n" not in str(caught.value)


def without_length(content: bytes) -> bytes:
    """An mp3 whose first packet, which only announces the length, is gone."""
    start = _after_tag(content)
    size, _ = _packet(content[start : start + 4])
    assert b"Info" in content[start : start + size] or b"Xing" in content[start : start + size]
    return content[:start] + content[start + size :]


def test_an_mp3_of_constant_rate_needs_no_announced_length(tmp_path):
    options = {"compression_level": 0.5, "bitrate_mode": "CONSTANT"}
    soundfile.write(tmp_path / "constant.mp3", noise(4 * 44_100), 44_100, **options)
    content = without_length((tmp_path / "constant.mp3").read_bytes())
    (tmp_path / "plain.mp3").write_bytes(content)
    assert abs(len(read_audio(tmp_path / "plain.mp3")) - 4 * RATE_HZ) < 3_000


def test_an_mp3_of_variable_rate_without_its_length_is_not_shortened_silently(tmp_path):
    loud_later = np.concatenate([np.zeros(2 * 44_100, np.float32), noise(8 * 44_100)])
    options = {"compression_level": 0.2, "bitrate_mode": "VARIABLE"}
    soundfile.write(tmp_path / "variable.mp3", loud_later, 44_100, **options)
    (tmp_path / "plain.mp3").write_bytes(without_length((tmp_path / "variable.mp3").read_bytes()))
    assert abs(mp3_length(tmp_path / "plain.mp3").counted - 10 * 44_100) < 4 * 1152
    samples, remark = read_as_it_is(tmp_path / "plain.mp3")
    assert abs(len(samples) - 10 * 44_100) < 2 * 1152
    assert remark is None


HEADERS = {
    "RIFF size": (4, "<I", 0),
    "data size": (40, "<I", 0),
    "data size unknown": (40, "<I", 0xFFFF_FFFF),
    "data size too great": (40, "<I", 0x7FFF_FFFF),
    "bytes a second": (28, "<I", 0),
    "bytes a frame": (32, "<H", 0),
}


@pytest.mark.parametrize("field", HEADERS)
def test_a_wav_with_0_in_its_header_is_read(whole, tmp_path, field):
    content, (at, kind, value) = bytearray(whole["wav"].read_bytes()), HEADERS[field]
    struct.pack_into(kind, content, at, value)
    (tmp_path / "stream.wav").write_bytes(content)
    samples, remark = read_as_it_is(tmp_path / "stream.wav")
    np.testing.assert_array_equal(samples, read_as_it_is(whole["wav"])[0])
    assert remark is None


def test_a_flac_that_does_not_tell_its_length_is_read(whole, tmp_path):
    content = bytearray(whole["flac"].read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)  # the samples in all, 36 bits
    (tmp_path / "stream.flac").write_bytes(content)
    np.testing.assert_array_equal(read_as_it_is(tmp_path / "stream.flac")[0], read_as_it_is(whole["flac"])[0])


def test_a_wav_written_to_a_pipe_is_no_cut_file(whole, tmp_path):
    content = bytearray(whole["wav"].read_bytes())
    content[4:8] = content[40:44] = struct.pack("<I", 0xFFFF_FFFF)
    (tmp_path / "piped.wav").write_bytes(content)
    assert len(read_audio(tmp_path / "piped.wav")) == 4 * RATE_HZ


def test_missing_empty_and_foreign_files_are_told_apart(tmp_path):
    with pytest.raises(AudioError, match=r"there is no file .*none\.wav"):
        read_audio(tmp_path / "none.wav")
    with pytest.raises(AudioError, match="is not a file"):
        read_audio(tmp_path)
    (tmp_path / "empty.wav").touch()
    with pytest.raises(AudioError, match=r"empty \(0 bytes\)"):
        read_audio(tmp_path / "empty.wav")
    soundfile.write(tmp_path / "silent.wav", np.zeros(0), 44_100)
    with pytest.raises(AudioError, match="0 samples"):
        read_audio(tmp_path / "silent.wav")
    (tmp_path / "text.wav").write_text("this is not sound " * 100)
    with pytest.raises(AudioError, match=r"no audio that can be decoded.*Format not recognised"):
        read_audio(tmp_path / "text.wav")
    (tmp_path / "headerless.raw").write_bytes(bytes(1_000))
    with pytest.raises(AudioError, match="headerless"):
        read_audio(tmp_path / "headerless.raw")


def test_too_long_recordings_are_refused_before_decoding(whole):
    for suffix in FORMATS:
        with pytest.raises(AudioError, match=r"longer than the 3 s allowed \(4 s\)"):
            FileSource(whole[suffix], max_s=3.0)


def test_samples_that_are_no_numbers_and_mad_rates_or_channels_are_refused(tmp_path):
    broken = noise(1_000)
    for number in (np.nan, -1e38):
        broken[500] = number
        soundfile.write(tmp_path / "broken.wav", broken, RATE_HZ, subtype="FLOAT")
        with pytest.raises(AudioError, match="not finite numbers, or far too large"):
            read_audio(tmp_path / "broken.wav")
    soundfile.write(tmp_path / "slow.wav", noise(1_000), 10)
    with pytest.raises(AudioError, match="claims 10 samples a second"):
        read_audio(tmp_path / "slow.wav")
    soundfile.write(tmp_path / "wide.wav", np.zeros((10, 65), np.float32), RATE_HZ)
    with pytest.raises(AudioError, match=r"wide\.wav has 65 channels, expected at most 64"):
        FileSource(tmp_path / "wide.wav")


@pytest.mark.parametrize(("suffix", "tolerance"), [("wav", 1e-4), ("flac", 1e-4), ("ogg", None)])
def test_what_is_written_is_read(tmp_path, suffix, tolerance):
    audio = sine(RATE_HZ)
    write_audio(tmp_path / f"out.{suffix}", audio)
    back = read_audio(tmp_path / f"out.{suffix}")
    assert back.shape == audio.shape
    if tolerance:
        np.testing.assert_allclose(back, audio, atol=tolerance)
    assert (spectrogram(back)[2:-2].argmax(axis=1) == spectrogram(audio)[2:-2].argmax(axis=1)).all()
    assert [path.name for path in tmp_path.iterdir()] == [f"out.{suffix}"]


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_the_same_sound_makes_the_same_file(tmp_path, suffix):
    for name in ("one", "two"):
        write_audio(tmp_path / f"{name}.{suffix}", sine(RATE_HZ))
    assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


@pytest.mark.parametrize("kind", ["<f2", "<f8", ">f4", ">f8", "longdouble"])
def test_floats_of_any_kind_are_written(tmp_path, kind):
    audio = noise(100).astype(np.float16)
    write_audio(tmp_path / "usual.wav", audio.astype(np.float32))
    write_audio(tmp_path / "other.wav", audio.astype(kind))
    assert (tmp_path / "other.wav").read_bytes() == (tmp_path / "usual.wav").read_bytes()


def test_what_is_no_whole_ogg_stream_is_refused(tmp_path):
    write_audio(tmp_path / "out.ogg", sine(RATE_HZ))
    stream = (tmp_path / "out.ogg").read_bytes()
    assert with_fixed_serial(stream) == stream
    for broken in (stream[:-1], stream[1:], stream + b"OggS"):
        with pytest.raises(AudioError, match="whole Ogg page"):
            with_fixed_serial(broken)


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    write_audio(tmp_path / "out.wav", sine(RATE_HZ))
    before = (tmp_path / "out.wav").read_bytes()

    def full_disk(path, *_):
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_write_blocks", full_disk)
    with pytest.raises(AudioError, match=r"out\.wav cannot be written: .*No space left"):
        write_audio(tmp_path / "out.wav", noise(100))
    assert (tmp_path / "out.wav").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "audio", "words"),
    [
        ("out.mp3", noise(10), r"ending in \.wav, \.flac, \.ogg, got 'out.mp3'"),
        ("out.wav", np.zeros((2, 2), np.float32), "mono"),
        ("out.wav", np.array([np.nan]), "finite"),
        ("out.wav", np.array([1.5]), r"peak of 1\.5; scale or clip"),
        ("nowhere/out.wav", noise(10), "cannot be written"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, name, audio, words):
    with pytest.raises(AudioError, match=words):
        write_audio(tmp_path / name, audio)
