"""Files that say what was played when: pedal is heard, damage is named."""

import pytest

from standpartner.align import read_annotated_positions, read_beats, read_match, read_performed_midi
from standpartner.errors import PieceError

HEADER = b"MThd\0\0\0\6\0\0\0\1\1\xe0"  # format 0, 480 ticks a quarter, 120 quarters a minute
PEDAL = (
    b"\0\x90\x3c\x40\0\xb0\x40\x7f"  # a note, the pedal goes down
    b"\x83\x60\x80\x3c\0"  # after a quarter the key comes up
    b"\x83\x60\xb0\x40\0"  # after another one the pedal
    b"\0\x90\x3e\x40\x83\x60\x80\x3e\0\0\xff\x2f\0"
)
MATCH = """info(matchFileVersion,1.0.0).
info(piece,Two notes).
info(scoreFileName,two.musicxml).
info(midiFileName,two.mid).
info(composer,Nobody).
info(performer,Somebody).
info(midiClockUnits,480).
info(midiClockRate,500000).
scoreprop(keySignature,C,1:1,0,0.0000).
scoreprop(timeSignature,6/8,1:1,0,0.0000).
snote(n1,[C,n],4,1:1,0,3/8,0.0000,3.0000,[v1,staff1])-note(n0,60,480,960,64,0,0).
snote(n2,[E,n],4,1:1,0,3/8,0.0000,3.0000,[v1,staff1])-deletion.
snote(n3,[D,n],4,1:2,0,3/8,3.0000,6.0000,[v1,staff1])-note(n1,62,1200,1920,70,0,0).
insertion-note(n2,70,1300,1400,50,0,0).
"""


def test_pedal_keeps_notes_sounding(tmp_path):
    pytest.importorskip("partitura")
    path = tmp_path / "pedal.mid"
    path.write_bytes(HEADER + b"MTrk" + len(PEDAL).to_bytes(4, "big") + PEDAL)
    played = read_performed_midi(path)
    assert played.pitch.tolist() == [60, 62]
    assert played.onset_s == pytest.approx([0.0, 1.0])
    assert played.duration_s == pytest.approx([1.0, 0.5])


def test_a_damaged_midi_file_is_named(tmp_path):
    pytest.importorskip("partitura")
    path = tmp_path / "text.mid"
    path.write_text("no music")
    with pytest.raises(PieceError, match=r"text\.mid"):
        read_performed_midi(path)


def test_a_midi_file_without_notes_is_named(tmp_path):
    pytest.importorskip("partitura")
    path = tmp_path / "silent.mid"
    path.write_bytes(HEADER + b"MTrk\0\0\0\4\0\xff\x2f\0")
    with pytest.raises(PieceError, match=r"silent\.mid has no notes"):
        read_performed_midi(path)


def test_match_files_give_notes_with_their_places_in_quarters(tmp_path):
    pytest.importorskip("partitura")
    path = tmp_path / "two.match"
    path.write_text(MATCH)
    match = read_match(path)
    assert match.pitch.tolist() == [60, 62]
    assert match.quarter == pytest.approx([0.0, 1.5])
    assert match.onset_s == pytest.approx([0.5, 1.25])
    assert match.played.pitch.tolist() == [60, 62, 70]
    path.write_text("\n".join(line for line in MATCH.splitlines() if "-note" not in line))
    with pytest.raises(PieceError, match=r"two.match"):
        read_match(path)


def test_beats_of_asap(tmp_path):
    path = tmp_path / "annotations.txt"
    path.write_text("0.5\t0.5\tdb,4/4,2\n1.0\t1.0\tb\n1.5\t1.5\tbR\n2.0\t2.0\t3/4\n2.5\t2.5\tdb\n")
    assert read_beats(path).tolist() == [0.5, 1.0, 1.5, 2.5]
    for wrong in ("0.5", "nan"):
        path.write_text(f"0.5\t0.5\tdb\n{wrong}\t{wrong}\tb\n")
        with pytest.raises(PieceError, match="order of time"):
            read_beats(path)
    with pytest.raises(PieceError, match="cannot read"):
        read_beats(tmp_path / "none.txt")


def test_places_in_every_way_of_writing_them(tmp_path):
    path = tmp_path / "places.txt"
    path.write_text("# by ear\n0.5 1\n1.25, 1+1.5\n\n2.0\t2.0\t2\n")
    assert read_annotated_positions(path) == [(0.5, "1", 0.0), (1.25, "1", 1.5), (2.0, "2", 0.0)]


@pytest.mark.parametrize("line", ["half past 2", "1.0", "1.0 2+x", "1.0 a b 2", "1.0 +2", "nan 2", "1.0 2+inf"])
def test_other_lines_are_refused_with_their_number(tmp_path, line):
    path = tmp_path / "places.txt"
    path.write_text(f"0.5 1\n{line}\n")
    with pytest.raises(PieceError, match=r"places.txt, line 2: expected a second and a measure"):
        read_annotated_positions(path)


def test_places_must_follow_each_other_in_time(tmp_path):
    path = tmp_path / "places.txt"
    path.write_text("2.0 1\n1.0 2\n")
    with pytest.raises(PieceError, match="increasing seconds"):
        read_annotated_positions(path)
