"""Invented music: chords are spelled as theory says, bars are full, and what is printed means what sounds."""

import hashlib
from collections import Counter
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from standpartner.corpus.build import seed_of
from standpartner.corpus.invented.harmony import Key, SpelledPitch, chord_on, dominant_of, invent_phrase
from standpartner.corpus.invented.piece import invent
from standpartner.corpus.invented.rhythm import METERS
from standpartner.corpus.invented.textures import Bar, Range, held_chords, silence
from standpartner.corpus.recipes.invented import RECIPE, RULES, InventedPiece
from standpartner.score import read_score

LETTERS = "CDEFGAB"
ALTERS = {"flat-flat": -2, "flat": -1, "natural": 0, "sharp": 1, "double-sharp": 2}
PIECES = [InventedPiece(f"invented__{number:04d}") for number in range(1, 13)]


def names(chord):
    signs = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "x"}
    return [LETTERS[letter] + signs[alter] for letter, alter in chord.alters.items()]


@pytest.mark.parametrize(
    ("key", "degree", "chord"),
    [
        (Key(0, minor=False), 0, ["C", "E", "G"]),
        (Key(0, minor=True), 4, ["E", "G#", "B", "D"]),
        (Key(-3, minor=True), 6, ["B", "D", "F", "Ab"]),
        (Key(7, minor=False), 6, ["B#", "D#", "F#"]),
        (Key(5, minor=True), 4, ["D#", "Fx", "A#", "C#"]),
        (Key(-7, minor=False), 3, ["Fb", "Ab", "Cb"]),
    ],
)
def test_chords_are_spelled_in_their_key(key, degree, chord):
    assert names(chord_on(key, degree)) == chord


def test_dominants_of_degrees_are_spelled_a_fifth_above_them():
    assert names(dominant_of(Key(0, minor=False), 4)) == ["D", "F#", "A", "C"]
    assert names(dominant_of(Key(-6, minor=False), 1)) == ["Eb", "G", "Bb", "Db"]


def test_pitches_have_the_keys_of_the_piano():
    assert [SpelledPitch(28, 0).key, SpelledPitch(34, -1).key, SpelledPitch(5, 0).key] == [60, 70, 21]


def test_a_phrase_ends_with_dominant_and_tonic():
    key = Key(2, minor=True)
    phrase = invent_phrase(key, 9, chromatic=0.5, rng=np.random.default_rng(0))
    assert len(phrase) == 9
    assert [names(chord) for chord in (phrase[0], *phrase[-2:])] == [
        ["B", "D", "F#"], ["F#", "A#", "C#", "E"], ["B", "D", "F#"]]  # fmt: skip


def test_every_voice_fills_its_bars_and_keeps_to_the_piano():
    for seed in range(40):
        piece = invent(np.random.default_rng(seed))
        for bar in piece.bars:
            for voice in (*bar.right, *bar.left):
                assert sum(event.ticks for event in voice) == piece.meter.bar_ticks
                assert all(21 <= pitch.key <= 108 for event in voice for pitch in event.written)
                assert all(first.pitches == then.pitches for first, then in pairwise(voice) if then.tied)


@pytest.mark.parametrize("meter", METERS, ids=lambda meter: f"{meter.over}-{meter.under}")
@pytest.mark.parametrize("texture", [held_chords, silence])
def test_a_note_or_rest_can_fill_a_bar_of_every_metre(meter, texture):
    chord = chord_on(Key(0, minor=False), 0)
    play = texture(meter, Range(28, 40), np.random.default_rng(0))
    events = play(Bar(meter, (chord,) * meter.beats), np.random.default_rng(1))
    assert sum(event.ticks for event in events) == meter.bar_ticks
    assert len(events) == (2 if (meter.over, meter.under) in ((5, 4), (9, 8)) else 1), "no single note is as long"
    assert all(first.pitches == then.pitches for first, then in pairwise(events))
    assert [event.tied for event in events] == [False, texture is held_chords][: len(events)]


@pytest.mark.parametrize("number", [51, 61, 251])
def test_bars_of_five_quarters_can_be_written(number):
    measures = list(ET.fromstring(InventedPiece(f"invented__{number:04d}").musicxml).iter("measure"))  # noqa: S314
    assert measures[0].findtext("attributes/time/beats") == "5"
    lengths = {int(d.text) for measure in measures for d in measure.iter("duration")}
    assert {48, 72} <= lengths
    assert 120 not in {int(d.text) for measure in measures for d in measure.findall("note/duration")}


def sounding(bars):
    """The MIDI numbers that a piece sounds, each as often as it is struck."""
    voices = [voice for bar in bars for voice in (*bar.right, *bar.left)]
    return Counter(pitch.key for voice in voices for event in voice if not event.tied for pitch in event.written)


def test_verovio_reads_the_invented_notes(tmp_path: Path):
    piece = PIECES[5]
    path = tmp_path / f"{piece.name}.musicxml"
    path.write_text(piece.musicxml)
    score = read_score(path)
    bars = invent(np.random.default_rng(seed_of(piece.name))).bars
    assert sounding(bars) <= Counter(score.noteheads.pitch.tolist()), "every struck note has a head"
    assert len(score.measures) == len(bars)


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.name)
def test_the_printed_accidentals_mean_the_written_pitches(piece):
    fifths = 0
    for measure in ET.fromstring(piece.musicxml).iter("measure"):  # noqa: S314 - the text is our own
        fifths = int(measure.findtext("attributes/key/fifths", str(fifths)))
        for staff in ("1", "2"):
            standing = {}
            for _, note in sorted(_notes(measure, staff), key=lambda timed: timed[0]):
                line = note.findtext("pitch/octave") + note.findtext("pitch/step")
                signature = Key(fifths, minor=False).alter(LETTERS.index(line[-1]))
                if note.find("tie[@type='stop']") is None:
                    accidental = note.findtext("accidental")
                    standing[line] = ALTERS[accidental] if accidental else standing.get(line, signature)
                    assert int(note.findtext("pitch/alter")) == standing[line]


def _notes(measure, staff):
    """The notes of a staff with their tick, grace notes before the notes that they belong to."""
    tick = start = 0
    for order, element in enumerate(measure):
        ticks = int(element.findtext("duration", "0"))
        if element.tag == "backup":
            tick -= ticks
        if element.tag == "note":
            chord, grace = element.find("chord") is not None, element.find("grace") is not None
            start = start if chord else tick
            tick += 0 if chord or grace else ticks
            if element.findtext("staff") == staff and element.find("rest") is None:
                yield (start, element.findtext("voice"), order), element


def test_a_name_is_a_seed_and_the_rules_have_a_number():
    text = PIECES[0].musicxml
    assert text == PIECES[0].musicxml != PIECES[1].musicxml
    # Other rules make other music of the same names: raise RULES, and make the split file anew.
    assert (RULES, hashlib.sha256(text.encode()).hexdigest()[:16]) == (1, "254953d00d6c360f")
    assert RECIPE.entries(Path())[0] == PIECES[0]


@pytest.mark.slow
@pytest.mark.needs("fluidsynth", "fluidr3", "musescore")
def test_a_piece_is_engraved_and_played():
    piece = RECIPE.build(PIECES[0], "valid").piece
    assert len(piece.performances) == 1
    assert len(piece.performances[0].onset_s) == len(piece.score.onsets.time_s)
