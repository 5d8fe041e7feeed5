"""Files are written whole or not at all."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from standpartner.errors import OutputError
from standpartner.support.files import check_apart, check_writable, prepare_outputs, replacing, write_parts, write_text


def test_a_file_takes_its_place_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "score.npz"
    path.write_text("old")
    with replacing(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
        assert draft.suffix == ".npz"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["score.npz"]


def test_after_an_error_the_file_is_what_it_was_and_no_draft_stays(tmp_path: Path) -> None:
    path = tmp_path / "score.npz"
    path.write_text("old")

    def interrupted() -> None:
        with replacing(path) as draft:
            draft.write_text("ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["score.npz"]


def test_parts_are_written_as_they_come_and_the_file_is_what_it_was_if_they_fail(tmp_path: Path) -> None:
    path = tmp_path / "positions.jsonl"

    def failing() -> Iterator[str]:
        yield "new"
        raise ValueError("no more")

    write_parts(path, iter(["ä", "b"]))
    with pytest.raises(ValueError, match="no more"):
        write_parts(path, failing())
    assert path.read_text(encoding="utf-8") == "äb"
    assert os.listdir(tmp_path) == ["positions.jsonl"]


def test_a_link_stays_a_link_and_others_may_read_as_the_user_wants(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "real" / "text.txt")
    before = os.umask(0o027)
    try:
        write_text(link, "words")
    finally:
        os.umask(before)
    assert link.is_symlink()
    assert (tmp_path / "real" / "text.txt").read_text() == "words"
    assert stat.S_IMODE((tmp_path / "real" / "text.txt").stat().st_mode) == 0o640


def test_bytes_of_names_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    write_text(tmp_path / "text.txt", "F\udcfcr Elise")
    assert (tmp_path / "text.txt").read_text() == "F?r Elise"


def test_it_is_told_before_the_work_where_nothing_can_be_written(tmp_path: Path, monkeypatch) -> None:
    check_writable(tmp_path / "text.txt")
    for path, words in (
        (tmp_path, "it is a folder"),
        (tmp_path / "none" / "text.txt", "there is no folder"),
        (tmp_path / ("a" * 300), "File name too long"),
    ):
        with pytest.raises(OutputError, match=words):
            check_writable(path)
    monkeypatch.setattr(os, "access", lambda path, mode: not (Path(path) == tmp_path and mode == os.W_OK))
    with pytest.raises(OutputError, match="you may not write to"):
        check_writable(tmp_path / "text.txt")


def test_folders_of_later_files_are_made_and_the_files_checked(tmp_path: Path) -> None:
    prepare_outputs(None, tmp_path / "new" / "report.json", None)
    assert os.listdir(tmp_path / "new") == []
    with pytest.raises(OutputError, match="it is a folder"):
        prepare_outputs(tmp_path / "report.csv", tmp_path / "new")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot make the folder"):
        prepare_outputs(tmp_path / "file" / "report.json")


def test_what_is_read_is_not_replaced_and_nothing_is_written_twice(tmp_path: Path) -> None:
    song, link, out = tmp_path / "song.wav", tmp_path / "link.wav", tmp_path / "out.json"
    song.write_text("sound")
    link.symlink_to(song)
    check_apart(out, None, Path("/dev/null"), Path("/dev/null"), inputs=(song, None))
    for same in (song, link):
        with pytest.raises(OutputError, match="it is read, too; give another place"):
            check_apart(out, same, inputs=(song,))
    with pytest.raises(OutputError, match="something else is written to it, too"):
        prepare_outputs(out, None, out)


def test_what_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write .*text\.txt: No such file or directory; give another place"):
        write_text(tmp_path / "none" / "text.txt", "words")
