"""MusicXML of notation programs as users bring it: every case is read as it sounds."""

import io
import re
import zipfile

import pytest

from standpartner.score import Score, read_scores

_NUMBERS = {"whole": 16, "half": 8, "quarter": 4, "eighth": 2, "16th": 1}
TIME = "<time><beats>{}</beats><beat-type>{}</beat-type></time>"
TRIPLET = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"


def note(step: str, kind: str, *, extra: str = "", chord: bool = False, duration: int | None = None) -> str:
    """A note in a voice; four divisions are a quarter."""
    pitch = "<rest/>" if step == "r" else f"<pitch><step>{step}</step><octave>5</octave></pitch>"
    length = _NUMBERS[kind] if duration is None else duration
    return (
        f"<note>{'<chord/>' if chord else ''}{pitch}<duration>{length}</duration><voice>1</voice>"
        f"<type>{kind}</type>{extra}</note>"
    )


def document(*measures: str, attributes: str = "", divisions: int = 4, name: str = "Flute") -> str:
    first = f"<attributes><divisions>{divisions}</divisions>{attributes}</attributes>"
    body = "".join(
        f'<measure number="{number}">{first if number == 1 else ""}{measure}</measure>'
        for number, measure in enumerate(measures, start=1)
    )
    return (
        f'<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>{name}</part-name></score-part>'
        f'</part-list><part id="P1">{body}</part></score-partwise>'
    )


def archive(**members: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, member in members.items():
            file.writestr(name.replace("__", "/").replace("_", ".").replace("META.INF", "META-INF"), member)
    return content.getvalue()


WHOLE = TIME.format(4, 4)
HORN = "<transpose><diatonic>-4</diatonic><chromatic>-7</chromatic></transpose>"
DOWN = "<transpose><chromatic>0</chromatic><octave-change>-1</octave-change></transpose>"
TIE = '<tie type="{}"/>'
SAME = '<measure-style><measure-repeat type="{}">1</measure-repeat></measure-style>'
BEAM = '<beam number="1">{}</beam>'
CONTAINER = (
    '<container><rootfiles><rootfile full-path="cover.xml" media-type="image/svg+xml"/>'
    '<rootfile full-path="music.xml" media-type="application/vnd.recordare.musicxml+xml"/></rootfiles></container>'
)
C_WHOLE = note("C", "whole")
TREMOLO = '<notations><ornaments><tremolo type="{}">2</tremolo></ornaments></notations>'
STOP = '<notations><tuplet number="1" type="stop"/></notations>'
FIFTEEN = TRIPLET.replace("3<", "15<").replace("2<", "4<")

KEY = "<key><fifths>3</fifths></key>"
ALTO = "<transpose><diatonic>-5</diatonic><chromatic>-9</chromatic></transpose>"
BACK = "<backup><duration>{}</duration></backup>"

# The file's content, and {quarter: pitches}.
CASES: dict[str, tuple[str | bytes, dict[float, list[int]]]] = {
    "horn.musicxml": (document(C_WHOLE, attributes=WHOLE + HORN), {0: [65]}),
    "octave.musicxml": (document(C_WHOLE, attributes=WHOLE + DOWN), {0: [60]}),
    "parts_not_listed.musicxml": (
        re.sub('<part-list>.*</part-list>| id="P1"', "", document(C_WHOLE, attributes=WHOLE)),
        {0: [72]},
    ),
    "ties_without_a_sign.musicxml": (
        document(*[note("C", "whole", extra=TIE.format(kind)) for kind in ("start", "stop")], attributes=WHOLE),
        {0: [72]},
    ),
    "measure_repeats.musicxml": (
        document(C_WHOLE, f"<attributes>{SAME.format('start')}</attributes>" + C_WHOLE, C_WHOLE, attributes=WHOLE),
        {0: [72], 4: [72], 8: [72]},
    ),
    "changes_instrument.musicxml": (
        document(C_WHOLE, f"<attributes>{HORN}</attributes>" + C_WHOLE, C_WHOLE, attributes=WHOLE),
        {0: [72], 4: [65], 8: [65]},
    ),
    "beamed_chords.musicxml": (
        document(
            *[
                "".join(
                    note("G", "eighth", extra=BEAM.format(at)) + note("B", "eighth", chord=True, extra=BEAM.format(at))
                    for at in ("begin", "continue", "continue", "end")
                )
            ],
            attributes=TIME.format(2, 4),
        ),
        {0: [79, 83], 0.5: [79, 83], 1: [79, 83], 1.5: [79, 83]},
    ),
    "triplets.musicxml": (
        document(
            note("C", "quarter", extra=TRIPLET, duration=8)
            + note("D", "eighth", extra=TRIPLET, duration=4)
            + note("r", "eighth", extra=TRIPLET, duration=4)
            + note("E", "quarter", extra=TRIPLET, duration=8),
            note("F", "half", duration=24),
            attributes=TIME.format(2, 4),
            divisions=12,
        ),
        {0: [72], 2 / 3: [74], 4 / 3: [76], 2: [77]},
    ),
    "triplet_open.musicxml": (
        document(
            note("C", "eighth", extra=TRIPLET + '<notations><tuplet type="start"/></notations>', duration=4)
            + note("D", "eighth", extra=TRIPLET, duration=4)
            + note("E", "eighth", extra=TRIPLET, duration=4)
            + note("F", "quarter", duration=12),
            note("G", "half", duration=24),
            attributes=TIME.format(2, 4),
            divisions=12,
        ),
        {0: [72], 1 / 3: [74], 2 / 3: [76], 1: [77], 2: [79]},
    ),
    "nested.musicxml": (
        document(
            note("C", "eighth", extra=TRIPLET + '<notations><tuplet number="1" type="start"/></notations>', duration=20)
            + "".join(
                note("D", "eighth", extra=FIFTEEN + f"<notations>{mark}</notations>", duration=8)
                for mark in ('<tuplet number="2" type="start"/>', "", "", "", '<tuplet number="2" type="stop"/>')
            )
            + note("E", "eighth", extra=TRIPLET + STOP, duration=20),
            note("F", "half", duration=120),
            attributes=TIME.format(2, 4),
            divisions=60,
        ),
        {0: [72], **{(20 + 8 * n) / 60: [74] for n in range(5)}, 1: [76], 4 / 3: [77]},
    ),
    "accidental_mark.musicxml": (
        document(
            note("C", "half", extra="<notations><accidental-mark>sharp</accidental-mark></notations>")
            + note("C", "quarter")
            + note("C", "quarter", extra="<accidental>sharp</accidental>"),
            attributes=WHOLE,
        ),
        {0: [72], 2: [72], 3: [73]},
    ),
    "tremolo.musicxml": (
        document(
            note("C", "half", extra=TREMOLO.format("start")) + note("E", "half", extra=TREMOLO.format("stop")),
            attributes=WHOLE,
        ),
        {0: [72], 2: [76]},
    ),
    "wrong_type.musicxml": (
        document(note("C", "quarter", duration=8) + note("D", "half"), attributes=WHOLE),
        {0: [72], 2: [74]},
    ),
    "rest_68.musicxml": (
        document(note("r", "whole", duration=12), note("C", "half", duration=12), attributes=TIME.format(6, 8)),
        {3: [72]},
    ),
    "untyped.musicxml": (
        document(
            "<note><rest/><duration>6</duration></note><note><pitch><step>A</step><octave>4</octave></pitch>"
            "<duration>2</duration></note>",
            note("C", "half"),
            attributes=TIME.format(2, 4),
        ),
        {1.5: [69], 2: [72]},
    ),
    "commented.musicxml": ('<?xml version="1.0"?><!-- <mei> > by -->\n' + document(C_WHOLE), {0: [72]}),
    "plain.mxl": (document(C_WHOLE), {0: [72]}),
    "named.mxl": (
        archive(cover_xml="<svg/>", META_INF__container_xml=CONTAINER, music_xml=document(C_WHOLE)),
        {0: [72]},
    ),
    "from_macos.mxl": (
        archive(osx___music_xml="\0\1", music_xml=document(C_WHOLE)),
        {0: [72]},
    ),
    "saxophone.musicxml": (
        document(
            C_WHOLE, "<attributes><key><fifths>0</fifths></key></attributes>" + C_WHOLE, attributes=KEY + WHOLE + ALTO
        ),
        {0: [63], 4: [63]},
    ),
    "changes_within_a_measure.musicxml": (
        document(note("C", "half") + f"<attributes>{HORN}</attributes>" + note("C", "half"), attributes=WHOLE),
        {0: [72], 2: [65]},
    ),
    "overlapping_voices.musicxml": (
        document(
            C_WHOLE
            + BACK.format(10)
            + note("A", "quarter").replace("<voice>1", "<voice>2")
            + BACK.format(2)
            + note("F", "quarter").replace("<voice>1", "<voice>3"),
            C_WHOLE,
            attributes=WHOLE,
        ),
        {0: [72], 1.5: [81], 2: [77], 4: [72]},
    ),
    "not_controlling.musicxml": (
        document(C_WHOLE, C_WHOLE, attributes=WHOLE).replace('number="2"', 'number="2" non-controlling="yes"'),
        {0: [72], 4: [72]},
    ),
    "timewise.musicxml": (
        document(C_WHOLE)
        .replace("partwise", "timewise")
        .replace('<part id="P1"><measure number="1">', '<measure number="1"><part id="P1">')
        .replace("</measure></part>", "</part></measure>"),
        {0: [72]},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def engraved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Score]:
    """All cases, engraved by one child process."""
    folder = tmp_path_factory.mktemp("musicxml")
    for name, (content, _) in CASES.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    results = dict(zip(CASES, read_scores([folder / name for name in CASES]), strict=True))
    for name, result in results.items():
        assert isinstance(result, Score), f"{name}: {result}"
    return results


@pytest.mark.parametrize("name", CASES)
def test_notes_sound_when_and_where_they_should(engraved: dict[str, Score], name: str) -> None:
    score = engraved[name]
    sounding: dict[float, list[int]] = {}
    for quarter, pitch in zip(score.notes.quarter.tolist(), score.notes.pitch.tolist(), strict=True):
        sounding.setdefault(round(quarter, 3), []).append(pitch)
    assert sounding == {round(quarter, 3): pitches for quarter, pitches in CASES[name][1].items()}


def test_transposition_leaves_the_page_as_written(engraved: dict[str, Score]) -> None:
    horn, octave = engraved["horn.musicxml"], engraved["octave.musicxml"]
    assert (horn.strip == octave.strip).all()
    assert horn.noteheads.y_px.tolist() == octave.noteheads.y_px.tolist()
