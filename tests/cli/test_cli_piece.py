"""``standpartner piece add``: a recording becomes a piece, or the reason is said."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from standpartner.cli.piece import app
from standpartner.constants import FRAME_RATE_HZ
from standpartner.errors import StandpartnerError
from standpartner.hear import write_audio
from standpartner.perform import PlayedNotes, synthesise
from standpartner.perform.midi_file import midi_bytes
from standpartner.piece import load_piece

pytest.importorskip("partitura")
pytestmark = pytest.mark.needs("synthesiser")
RECORDINGS = Path(__file__).parents[3] / "shared" / "data" / "recordings"
TUNE = """X:1
T:Study
M:4/4
L:1/4
K:C
CEGc|dBAF|DFAc|BGED|FAce|dcBG|EGBd|cGEC|]
"""
PITCH = [60, 64, 67, 72, 74, 71, 69, 65, 62, 65, 69, 72, 71, 67, 64, 62]
PITCH += [65, 69, 72, 76, 74, 72, 71, 67, 64, 67, 71, 74, 72, 67, 64, 60]
BEATS = np.arange(32.0)
ONSET_S = 0.7 + 0.45 * BEATS + 0.1 * np.sin(BEATS / 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A score, a recording, its MIDI file, and a file of places."""
    where = tmp_path_factory.mktemp("recording")
    (where / "Study in C.abc").write_text(TUNE)
    notes = PlayedNotes(np.array(PITCH), ONSET_S, np.full(32, 0.4), np.full(32, 80))
    audio = synthesise(notes)
    write_audio(where / "take 1.wav", audio / max(1.0, float(np.abs(audio).max())))
    (where / "take.mid").write_bytes(midi_bytes(notes))
    (where / "places.txt").write_text(
        "".join(f"{ONSET_S[i]:.3f} {i // 4 + 1}+{i % 4}\n" for i in [*range(0, 32, 2), 31])
    )
    return where


def add(folder: Path, *words: str):
    result = CliRunner().invoke(app, ["add", str(folder / "Study in C.abc"), str(folder / "take 1.wav"), *words])
    if result.exception and isinstance(result.exception, StandpartnerError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    ("option", "file", "within_s"), [("--midi", "take.mid", 0.01), ("--beats", "places.txt", 0.05)]
)
def test_a_recording_becomes_a_piece(folder, tmp_path, option, file, within_s):
    said = add(folder, option, str(folder / file), "--out", str(tmp_path / "piece"))
    assert said.startswith("Study-in-C is in ")
    piece = load_piece(tmp_path / "piece", verify=True)
    (performance,) = piece.performances
    assert performance.name == "take-1"
    assert performance.onset_s == pytest.approx(ONSET_S, abs=within_s)
    assert performance.note_pitch.tolist() == PITCH
    assert performance.made_by["kind"] == "recording"
    with pytest.raises(StandpartnerError, match="holds a piece already"):
        add(folder, option, str(folder / file), "--out", str(tmp_path / "piece"))


def test_a_recording_is_not_read_into_memory_as_a_whole(folder, tmp_path, monkeypatch):
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("read") if path.suffix == ".wav" else read(path))
    add(folder, "--midi", str(folder / "take.mid"), "--out", str(tmp_path / "piece"))
    (performance,) = load_piece(tmp_path / "piece").performances
    content = read(folder / "take 1.wav")
    assert performance.made_by["sha256"] == hashlib.sha256(content).hexdigest()


def test_an_offset_is_noticed_measured_and_can_be_given(folder, tmp_path):
    notes = PlayedNotes(np.array(PITCH), ONSET_S + 0.8, np.full(32, 0.4), np.full(32, 80))
    late = tmp_path / "late.mid"
    late.write_bytes(midi_bytes(notes))
    with pytest.raises(StandpartnerError, match=r"sound 0.80 s earlier .* add -0.80 to --offset"):
        add(folder, "--midi", str(late), "--out", str(tmp_path / "piece"))
    assert not (tmp_path / "piece").exists()
    add(folder, "--midi", str(late), "--offset", "-0.8", "--out", str(tmp_path / "piece"))
    assert load_piece(tmp_path / "piece").performances[0].onset_s == pytest.approx(ONSET_S, abs=0.01)


def test_one_truth_is_expected_and_a_plain_name(folder, tmp_path):
    with pytest.raises(StandpartnerError, match="expected one of --midi, --match and --beats, got 0"):
        add(folder)
    midi = str(folder / "take.mid")
    with pytest.raises(StandpartnerError, match="got 2 of them"):
        add(folder, "--midi", midi, "--beats", str(folder / "places.txt"))
    with pytest.raises(StandpartnerError, match=r"cannot be called 'a/b'"):
        add(folder, "--midi", midi, "--name", "a/b")


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no ../shared/data/recordings")
def test_the_midi_file_of_another_performance_is_refused(tmp_path):
    """The mp3 is at the score's own tempo, the MIDI file beside it is a pianist's, twice as long."""
    score, audio, midi = (RECORDINGS / f"Bach-fugue_bwv_858.{suffix}" for suffix in ("musicxml", "mp3", "mid"))
    result = CliRunner().invoke(app, ["add", str(score), str(audio), "--midi", str(midi), "--out", str(tmp_path / "p")])
    assert "is it the recording of this performance?" in str(result.exception)


REPEATS = """X:1
T:Study
M:4/4
L:1/4
K:C
|:CEGc|dBAF|1 DFAc:|2 BGED|FAce|dcBG|EGBd|cGEC|]
"""


@pytest.mark.parametrize(
    ("bars", "said"), [([0, 1, 2, 0, 1, 3, 4, 5, 6, 7], "1-3, 1-2, 4-8"), ([0, 1, 3, 4, 5, 6, 7], "1-2, 4-8")]
)
def test_a_recording_takes_a_repeat_with_endings_or_leaves_it_out(tmp_path, bars, said):
    onsets = np.concatenate([np.arange(4) + 4 * bar for bar in bars])
    at_s = 0.7 + 0.45 * np.arange(len(onsets)) + 0.1 * np.sin(np.arange(len(onsets)) / 2)
    notes = PlayedNotes(np.array(PITCH)[onsets], at_s, np.full(len(onsets), 0.4), np.full(len(onsets), 80))
    audio = synthesise(notes)
    (tmp_path / "Study in C.abc").write_text(REPEATS)
    write_audio(tmp_path / "take 1.wav", audio / max(1.0, float(np.abs(audio).max())))
    (tmp_path / "take.mid").write_bytes(midi_bytes(notes))
    words = add(tmp_path, "--midi", str(tmp_path / "take.mid"), "--out", str(tmp_path / "piece"))
    assert f"Measures in the order in which they are played: {said}." in words
    piece = load_piece(tmp_path / "piece", verify=True)
    (performance,) = piece.performances
    assert performance.onset.tolist() == onsets.tolist()
    assert performance.onset_s == pytest.approx(at_s, abs=0.01)
    heard_s = [track.onset_s + begin / FRAME_RATE_HZ for begin, track in piece.tracks_of(performance)]
    assert np.concatenate(heard_s) == pytest.approx(performance.onset_s)


def test_a_performance_that_repeats_a_passage_is_refused(folder, tmp_path):
    again = np.arange(16)  # the first half once more
    onset_s = np.concatenate([ONSET_S[:16], ONSET_S[:16] + 7.2, ONSET_S[16:] + 7.2])
    pitch = np.concatenate([np.array(PITCH)[again], PITCH])
    notes = PlayedNotes(pitch, onset_s, np.full(48, 0.4), np.full(48, 80))
    (tmp_path / "repeats.mid").write_bytes(midi_bytes(notes))
    with pytest.raises(StandpartnerError, match=r"1\.50 notes are played for each one|with its repeats"):
        add(folder, "--midi", str(tmp_path / "repeats.mid"), "--out", str(tmp_path / "piece"))
    assert not (tmp_path / "piece").exists()
