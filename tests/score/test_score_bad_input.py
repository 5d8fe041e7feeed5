"""Bad input ends in one clear sentence, and never takes other files down."""

import zipfile
from pathlib import Path

import pytest

from standpartner.errors import ScoreError
from standpartner.score import Score, read_score, read_scores

DATA = Path(__file__).parent / "data"
TUNE = DATA / "tune.abc"
EMPTY_BARS = "X:1\nT:Rests\nM:4/4\nL:1/4\nK:C\nz4|z4|]\n"
# More tokens than spines: Verovio's Humdrum reader aborts the process.
ABORTS = "**kern\t**kern\n*^\t*\n*v\t*v\t*v\n4c\n*-\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.musicxml", "hello", r"should be MusicXML .* starts with 'hello'"),
        ("a.musicxml", "", "is empty"),
        ("a.xml", "<html></html>", "should be MusicXML"),
        ("a.musicxml", "<score-timewise></score-timewise>", "timewise"),
        ("a.mxl", "no zip", "no readable zip"),
        ("a.mei", "<score-partwise></score-partwise>", "should be MEI"),
        ("a.krn", "4c 4d", r"has no \*\*kern spine"),
        ("a.abc", "la la", "no key line"),
        ("a.abc", "X:1\nK:C\nc|\n\nX:2\nK:C\nd|\n", "holds 2 tunes"),
        ("a.pdf", "%PDF", r"no known notation suffix; expected one of \.abc"),
        ("a.abc", EMPTY_BARS, "no notes"),
        ("a.musicxml", "<score-partwise><part-list/></score-partwise>", r"cannot be read|no notes"),
    ],
)
def test_bad_file_is_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ScoreError, match=message):
        read_score(path)


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match="There is no file"):
        read_score(tmp_path / "absent.abc")
    (tmp_path / "folder.abc").mkdir()
    with pytest.raises(ScoreError, match="not a file"):
        read_score(tmp_path / "folder.abc")


def test_zip_without_score_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.mxl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(ScoreError, match="without a MusicXML score"):
        read_score(path)


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
    assert "broke off on killer.krn" in str(results[1])


def test_zipped_musicxml_equals_plain(piano: Score, tmp_path: Path) -> None:
    path = tmp_path / "piano.mxl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.write(DATA / "piano.musicxml", "score.xml")
    score = read_score(path)
    assert score.onsets.x_px.tolist() == piano.onsets.x_px.tolist()
    assert (score.strip == piano.strip).all()
