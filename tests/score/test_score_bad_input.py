"""Bad input ends in one clear sentence, and never takes other files down."""

import io
import time
import zipfile
from pathlib import Path

import pytest

from standpartner.errors import ScoreError
from standpartner.score import Score, read_score, read_scores
from standpartner.score.notation import text as notation_text
from standpartner.score.notation.musicxml import repair_musicxml
from standpartner.score.notation.text import read_notation

DATA = Path(__file__).parent / "data"
TUNE = DATA / "tune.abc"
PLAIN = (DATA / "piano.musicxml").read_bytes()
EMPTY_BARS = "X:1\nT:Rests\nM:4/4\nL:1/4\nK:C\nz4|z4|]\n"
# More tokens than spines: Verovio's Humdrum reader aborts the process.
ABORTS = "**kern\t**kern\n*^\t*\n*v\t*v\t*v\n4c\n*-\n"
CONTAINER = "<container><rootfiles>{}</rootfiles></container>"
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


def archive(**members: bytes | str) -> bytes:
    """A zip file; two underscores in a name stand for a slash, one for a dot."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, member in members.items():
            file.writestr(name.replace("__", "/").replace("_", ".").replace("META.INF", "META-INF"), member)
    return content.getvalue()


def damaged(content: bytes) -> bytes:
    """The archive with its first compressed bytes overwritten."""
    start = content.index(b"score.xml") + len("score.xml")
    return content[:start] + b"\xff" * 40 + content[start + 40 :]


def naming(*paths: str) -> str:
    return CONTAINER.format("".join(f'<rootfile full-path="{path}"/>' for path in paths))


BAD: dict[str, tuple[bytes | str, str]] = {
    "letter.musicxml": ("hello", r"should be MusicXML .* starts with 'hello'"),
    "empty.musicxml": ("", "is empty"),
    "blank.musicxml": (" \n", "is empty"),
    "page.xml": ("<html></html>", "should be MusicXML"),
    "timewise.musicxml": ("<score-timewise></score-timewise>", r"cannot be read|no notes"),
    "cut.musicxml": (PLAIN[:-50], r"is not well-formed XML \("),
    "entities.musicxml": (BOMB + "<score-partwise>&b;</score-partwise>", "declares XML entities"),
    "entities.mei": (BOMB + "<mei>&b;</mei>", "declares XML entities"),
    "other.mei": ("<score-partwise></score-partwise>", "should be MEI"),
    "spineless.krn": ("4c 4d", r"has no \*\*kern spine"),
    "keyless.abc": ("la la", "no key line"),
    "two.abc": ("X:1\nK:C\nc|\n\nX:2\nK:C\nd|\n", "holds 2 tunes"),
    "a.pdf": ("%PDF", r"no known notation suffix; expected one of \.abc"),
    "rests.abc": (EMPTY_BARS, "no notes"),
    "hollow.musicxml": ("<score-partwise><part-list/></score-partwise>", r"cannot be read|no notes"),
    "text.mxl": ("no zip", r"should be MusicXML .* starts with 'no zip'"),
    "readme.mxl": (archive(readme_txt="nothing"), "without a MusicXML score"),
    "damaged.mxl": (damaged(archive(score_xml=PLAIN)), r"no readable zip file \(error: Error -3 while decompressing"),
    "cut.mxl": (archive(score_xml=PLAIN)[:-50], "no readable zip file"),
    "gone.mxl": (
        archive(META_INF__container_xml=naming("gone.xml"), score_xml=PLAIN),
        "names 'gone.xml', which is not",
    ),
    "torn.mxl": (
        archive(META_INF__container_xml="<container>", score_xml=PLAIN),
        r"container of torn.mxl cannot be read",
    ),
    "bomb.mxl": (archive(META_INF__container_xml=BOMB + naming("score.xml")), r"container of bomb.mxl cannot be read"),
}


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said of each bad file; all are read by one child process."""
    folder = tmp_path_factory.mktemp("bad")
    for name, (content, _) in BAD.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    results = list(read_scores([folder / name for name in BAD]))
    assert all(isinstance(result, ScoreError) for result in results)
    return dict(zip(BAD, map(str, results), strict=True))


@pytest.mark.parametrize(("name", "message"), [(name, message) for name, (_, message) in BAD.items()])
def test_bad_file_is_named(sentences: dict[str, str], name: str, message: str) -> None:
    with pytest.raises(ScoreError, match=message):
        raise ScoreError(sentences[name])
    assert name in sentences[name]


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match="There is no file"):
        read_score(tmp_path / "absent.abc")
    (tmp_path / "folder.abc").mkdir()
    with pytest.raises(ScoreError, match="not a file"):
        read_score(tmp_path / "folder.abc")


def test_too_many_pages_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.abc"
    path.write_text("X:1\nT:Long\nM:4/4\nL:1/8\nK:C\n" + "cdef gabc'|\n" * 60, encoding="utf-8")
    with pytest.raises(ScoreError, match=r"has (about )?\d+ pages; at most 1 are followed; raise --max-pages or split"):
        read_score(path, max_pages=1)


def test_time_limit_is_kept() -> None:
    with pytest.raises(ScoreError, match=r"took longer than 0\.01 s"):
        read_score(TUNE, time_limit_s=0.01)


def test_an_abort_loses_only_its_own_file(tmp_path: Path) -> None:
    killer = tmp_path / "killer.krn"
    killer.write_text(ABORTS, encoding="utf-8")
    bad = tmp_path / "bad.abc"
    bad.write_text("la la", encoding="utf-8")
    results = list(read_scores([TUNE, killer, bad, TUNE]))
    assert [isinstance(result, Score) for result in results] == [True, False, False, True]
    assert "broke off on killer.krn: it was killed by signal SIG" in str(results[1])


def test_zipped_musicxml_equals_plain(piano: Score, tmp_path: Path) -> None:
    path = tmp_path / "piano.mxl"
    path.write_bytes(archive(META_INF__container_xml=CONTAINER.format(""), score_xml=PLAIN))
    score = read_score(path)
    assert score.onsets.x_px.tolist() == piano.onsets.x_px.tolist()
    assert (score.strip == piano.strip).all()


@pytest.mark.parametrize("namespace", ["", ' xmlns="urn:oasis:names:tc:opendocument:xmlns:container"'])
def test_of_an_archive_the_file_that_its_container_names_first_is_read(tmp_path: Path, namespace: str) -> None:
    path = tmp_path / "piano.mxl"
    container = naming("music/score.xml", "score.pdf").replace("<container", "<container" + namespace)
    other = PLAIN.replace(b"Stand", b"Other")
    path.write_bytes(archive(a_xml=other, META_INF__container_xml=container, music__score_xml=PLAIN))
    assert read_notation(path) == read_notation(DATA / "piano.musicxml")
    path.write_bytes(archive(a_xml=other, music__score_xml=PLAIN))
    assert "Other" in read_notation(path).text


@pytest.mark.parametrize("folder", ["./", "My piece/"])
def test_folders_of_an_archive_hold_no_other_music(tmp_path: Path, folder: str) -> None:
    path = tmp_path / "piano.mxl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(folder, "")
        file.writestr(folder + "META-INF/container.xml", naming("score.xml"))
        file.writestr(folder + "score.xml", PLAIN)
    assert read_notation(path) == read_notation(DATA / "piano.musicxml")


def test_a_container_may_name_its_document_type(tmp_path: Path) -> None:
    path = tmp_path / "piano.mxl"
    kind = '<!DOCTYPE container PUBLIC "-//Recordare//DTD MusicXML 4.0 Container//EN" "container.dtd">'
    path.write_bytes(archive(META_INF__container_xml=kind + naming("music.xml"), a_xml=b"<x/>", music_xml=PLAIN))
    assert read_notation(path) == read_notation(DATA / "piano.musicxml")


def test_lines_before_an_xml_declaration_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "piano.musicxml"
    path.write_bytes(b"\n  " + PLAIN)
    assert read_notation(path) == read_notation(DATA / "piano.musicxml")


def test_sizes_are_limited_in_the_file_and_in_what_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notation_text, "MAX_BYTES", 10_000)
    (tmp_path / "large.abc").write_bytes(b"X:1\n" + b"%" * 10_000)
    with pytest.raises(ScoreError, match=r"large.abc has 10004 bytes; at most 10000 are read"):
        read_score(tmp_path / "large.abc")
    (tmp_path / "swells.mxl").write_bytes(archive(score_xml=b" " * 10_001))
    with pytest.raises(ScoreError, match=r"score.xml in swells.mxl is larger than 10000 bytes"):
        read_notation(tmp_path / "swells.mxl")


@pytest.mark.parametrize("part", ["<measure>", "<measure", "<measure><note>", "<part-name", "<?xml encoding="])
def test_time_is_in_proportion_to_the_text_when_nothing_is_closed(part: str, tmp_path: Path) -> None:
    path = tmp_path / "endless.musicxml"
    path.write_text("<score-partwise><score-part>" + part * 100_000)
    start_s = time.process_time()  # what runs beside it does not count
    with pytest.raises(ScoreError, match="not well-formed"):
        read_notation(path)  # it took minutes
    repair_musicxml("<measure>" + part * 100_000 + "</measure>")
    assert time.process_time() - start_s < 5
