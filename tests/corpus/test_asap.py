"""The ASAP recipe on a folder made like it: performances that do not fit are left out and named, repeats kept."""

import csv
import zipfile
from pathlib import Path

import numpy as np
import pytest

from standpartner.corpus.recipes import asap
from standpartner.errors import CorpusError
from standpartner.perform import PlayedNotes
from standpartner.perform.midi_file import midi_bytes

pytest.importorskip("partitura")
FOLDER = "Nobody/Studies/1"
STEPS = "CDEFGAB"
BEATS = 32


def _pitches() -> list[tuple[str, int, int]]:
    rng = np.random.default_rng(3)
    letters = rng.integers(0, 7, BEATS)
    return [(STEPS[i], 4, 60 + (0, 2, 4, 5, 7, 9, 11)[i]) for i in letters]


def _musicxml() -> str:
    measures = []
    for number in range(BEATS // 4):
        attributes = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>"
        attributes += "<clef><sign>G</sign><line>2</line></clef></attributes>"
        notes = "".join(
            f"<note><pitch><step>{step}</step><octave>{octave}</octave></pitch><duration>1</duration><type>quarter</type></note>"
            for step, octave, _ in _pitches()[4 * number : 4 * number + 4]
        )
        repeat = (
            '<barline location="right"><repeat direction="backward"/></barline>' if number == BEATS // 4 - 1 else ""
        )
        measures.append(f'<measure number="{number + 1}">{"" if number else attributes}{notes}{repeat}</measure>')
    return (
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="3.1"><part-list><score-part id="P1">'
        "<part-name>Piano</part-name></score-part></part-list>"
        f'<part id="P1">{"".join(measures)}</part></score-partwise>'
    )


def _write(folder: Path, name: str, pitch: list[int], beat_s: np.ndarray) -> None:
    count = len(pitch)
    notes = PlayedNotes(np.array(pitch), beat_s, np.full(count, 0.3), np.full(count, 64))
    (folder / f"{name}.mid").write_bytes(midi_bytes(notes))
    rows = [f"{second:.4f}\t{second:.4f}\t{'b' if i % 4 else 'db'}\n" for i, second in enumerate(beat_s)]
    (folder / f"{name}_annotations.txt").write_text("".join(rows))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / FOLDER
    folder.mkdir(parents=True)
    pitch = [number for _, _, number in _pitches()] * 2
    beats = np.arange(2.0 * BEATS)
    rubato_s = 0.5 + 0.5 * beats + 0.1 * np.sin(beats)
    _write(folder, "midi_score", pitch, 0.5 * beats)
    _write(folder, "Fits01", pitch, rubato_s)
    _write(folder, "Other02", [127 - number for number in pitch], rubato_s)
    (folder / "Beatless03.mid").write_bytes((folder / "Fits01.mid").read_bytes())
    (folder / "Beatless03_annotations.txt").write_text("0.5\t0.5\tdb\n1.0\t1.0\tb\n")
    (folder / "xml_score.musicxml").write_text(_musicxml(), encoding="utf-8")
    with (tmp_path / "metadata.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["composer", "title", "folder", "midi_performance"])
        for name in ("Fits01", "Other02", "Beatless03", "Absent04"):
            writer.writerow(["Nobody", "Study_1", FOLDER, f"{FOLDER}/{name}.mid"])
    return tmp_path


def test_entries_hold_the_performances_that_are_there(source):
    (entry,) = asap.read_entries(source)
    assert entry.name == "Nobody__Studies__1"
    assert (entry.composer, entry.title) == ("Nobody", "Study_1")
    assert [path.stem for path in entry.performances] == ["Beatless03", "Fits01", "Other02"]


def test_the_checksum_is_of_the_music_zipped_or_not(source):
    (plain,) = asap.read_entries(source)
    with zipfile.ZipFile(plain.path.with_suffix(".mxl"), "w") as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.write(plain.path, "score.musicxml")
    plain.path.unlink()
    (zipped,) = asap.read_entries(source)
    assert zipped.path.suffix == ".mxl"
    assert zipped.sha256 == plain.sha256


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(CorpusError, match=r"metadata.csv .* clone fosfrancesco/asap-dataset"):
        asap.read_entries(tmp_path)


@pytest.mark.needs("fluidr3")
def test_building_follows_repeats_and_says_what_is_left_out(source):
    (entry,) = asap.read_entries(source)
    made = asap.build_score(entry, "valid")
    by_name = {performance.name: performance for performance in made.piece.performances}
    assert set(by_name) == {"Fits01", "Beatless03"}
    assert by_name["Fits01"].made_by["aligned_by"] == "beats"
    assert by_name["Beatless03"].made_by["aligned_by"] == "notes"
    beats = np.arange(2.0 * BEATS)
    for performance in by_name.values():
        assert performance.onset.tolist() == [*range(BEATS), *range(BEATS)]
        assert performance.onset_s == pytest.approx(0.5 + 0.5 * beats + 0.1 * np.sin(beats), abs=0.01)
        assert len(performance.note_pitch) == 2 * BEATS
    assert [track.name for track in made.piece.tracks()] == [
        f"Nobody__Studies__1/{name}" for name in ("Beatless03", "Beatless03/2", "Fits01", "Fits01/2")
    ]
    (left_out,) = [note for note in made.notes if "left out" in note]
    assert left_out.startswith("Other02 is left out: ")
    assert "Fits01 takes repeats: 2 passages" in made.notes
    again = asap.build_score(entry, "valid")
    assert (again.piece.performances[0].spectrogram == made.piece.performances[0].spectrogram).all()


def test_a_score_without_a_usable_performance_is_not_built(source):
    for name in ("Fits01", "Beatless03"):
        (source / FOLDER / f"{name}.mid").unlink()
    (entry,) = asap.read_entries(source)
    with pytest.raises(CorpusError, match=r"none of 1 performances can be used. Other02 is left out: "):
        asap.build_score(entry, "valid")
