"""Videos, decoded again: sound and pictures belong together."""

from dataclasses import replace

import numpy as np
import pytest

from standpartner.errors import ConfigError, MissingExtraError
from standpartner.explain.traces.painter import Painter

TOLERANCE_S = 0.05


def video_module():
    try:
        from standpartner.explain.traces import video
    except MissingExtraError as missing:
        pytest.skip(str(missing))
    return video


def decoded(path):
    """Pictures (n, h, w, 3) with their seconds, and samples with the second of each."""
    import av

    with av.open(str(path)) as container:
        seen = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        heard = [(frame.time, frame.to_ndarray().reshape(-1)) for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    times = np.concatenate([time + np.arange(len(samples)) / rate for time, samples in heard])
    return [time for time, _ in seen], [picture for _, picture in seen], times, np.concatenate([s for _, s in heard])


def seen_onsets_s(painter, times, pictures):
    """Seconds at which a loud sound appears at the right edge of the spectrogram."""
    scale, inner = painter.height_px / 720, painter.sound.inner
    x = round((inner.right - inner.width / 80) * scale)  # middle of the newest of 40 frames
    rows = slice(round(inner.top * scale) + 2, round(inner.bottom * scale) - 2)
    darkest = np.array([picture[rows, x].mean(axis=-1).min() for picture in pictures])
    loud = darkest < 60
    return np.array(times)[np.flatnonzero(loud & ~np.append(False, loud[:-1]))]


def heard_onsets_s(times, samples):
    """Seconds at which clicks begin, which are half a second apart or more at any speed that is tested."""
    loud = np.flatnonzero(np.abs(samples) > 0.3)
    return times[loud[np.append(True, np.diff(times[loud]) > 0.15)]]


@pytest.mark.parametrize("speed", [1.0, 0.5, 2.0])
def test_sound_and_pictures_are_in_sync(clicks, tmp_path, speed):
    painter, path = Painter(clicks, height_px=360), tmp_path / "clicks.mp4"
    counted = []
    video_module().write_video(path, painter, speed=speed, progress=counted.append)
    times, pictures, audio_times, samples = decoded(path)
    assert counted == list(range(1, painter.frames + 1))
    assert len(pictures) == painter.frames
    assert pictures[0].shape == (360, 640, 3)
    assert times == pytest.approx(np.arange(painter.frames) / 20 / speed, abs=0.002)
    assert audio_times[-1] == pytest.approx(painter.frames / 20 / speed, abs=0.1)
    seen, heard = seen_onsets_s(painter, times, pictures), heard_onsets_s(audio_times, samples)
    expected = clicks.trace.track.onset_s / speed
    assert len(seen) == len(heard) == len(expected)
    assert seen == pytest.approx(expected, abs=TOLERANCE_S)
    assert heard == pytest.approx(expected, abs=TOLERANCE_S)
    assert np.abs(seen - heard).max() < TOLERANCE_S
    assert np.abs(pictures[40].astype(int) - painter.paint(40)).mean() < 3, "colours survive"
    assert list(tmp_path.iterdir()) == [path]


def test_a_sound_that_ends_early_is_silence_then(clicks, tmp_path):
    short = replace(clicks, audio=clicks.audio[:22_050])
    painter, path = Painter(short, height_px=360), tmp_path / "short.mp4"
    video_module().write_video(path, painter)
    _, _, audio_times, samples = decoded(path)
    assert audio_times[-1] > painter.frames / 20 - 0.1
    assert np.abs(samples[audio_times > 1.1]).max() < 0.01


def test_what_cannot_be_written_is_said_in_a_sentence(clicks, tmp_path):
    video = video_module()
    painter = Painter(clicks, height_px=360)
    with pytest.raises(ConfigError, match=r"a speed from 0.25 to 4.0, got 9"):
        video.write_video(tmp_path / "x.mp4", painter, speed=9)
    with pytest.raises(video.OutputError, match="give another place"):
        video.write_video(tmp_path / "nowhere" / "x.mp4", painter)
