"""The library: what was answered for is there after a restart."""

import sqlite3

import pytest

from standpartner.errors import OutputError
from standpartner.live.protocol import messages
from standpartner.live.scores.library import Library, SavedSession, new_id
from standpartner.live.takes.takes import TakeWriter, save_take
from tests.live.conftest import SCORE

AT = messages.Position(
    time_s=0.0, heard_s=0.05, page=1, system=1, bar=1, measure=1, page_x=0.1, page_y=0.2, strip_x_px=40.0,
    probability=0.9, confidence="sure",
)  # fmt: skip


def test_a_change_is_there_for_the_next_server(library):
    library.change_score(SCORE, title="Renamed", links=[{"from_bar": 4, "to_bar": 1, "times": 1}], page_order=[2, 1])
    library.save_sessions([SavedSession("s1", SCORE, {"x_px": 12.5}, {"bar": 2})])
    again = Library(library.folder, tidy=False)  # the first one was not closed, as after kill -9
    record = again.score(SCORE)
    assert (record.title, record.page_order, record.links[0]["to_bar"]) == ("Renamed", [2, 1], 1)
    assert again.session("s1") == (SCORE, {"x_px": 12.5})
    assert record.last_position == {"bar": 2}
    again.close()


def test_sessions_of_a_deleted_score_are_left_out(library):
    library.save_sessions([SavedSession("s2", "a score that was deleted", {}), SavedSession("s1", SCORE, {})])
    assert library.session("s1") == (SCORE, {})
    assert library.session("s2") is None


def test_files_of_an_upload_that_was_broken_off_are_removed(library):
    stray, foreign = library.score_folder(new_id()) / "files", library.score_folder("Bach")
    for made in (stray, foreign):
        made.mkdir(parents=True)
        (made / "001-half.pdf").write_bytes(b"%PDF")
    library.close()
    Library(library.folder).close()
    assert not stray.parent.exists()
    assert library.score_folder(SCORE).exists()
    assert [file.name for file in foreign.iterdir()] == ["001-half.pdf"]


@pytest.mark.parametrize("inner", ["scores/Bach", "takes"])
def test_a_folder_of_other_files_is_no_library_and_stays_as_it_is(tmp_path, inner):
    (tmp_path / inner).mkdir(parents=True)
    (tmp_path / inner / "invention.pdf").write_bytes(b"%PDF")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OutputError, match=r"has files in scores or takes but no library\.sqlite3; .* with --library"):
        Library(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("query", "found"), [("", 1), ("ma", 1), ("MADE", 1), ("d m", 1), ("x", 0), ("%", 0), ("_", 0)]
)
def test_search_takes_words_as_they_are(library, query, found):
    assert len(library.scores(query)) == found


def test_deleting_a_score_deletes_its_takes_and_files(library):
    library.add_take("t1", SCORE)
    writer = TakeWriter(library.take_file("t1", ".jsonl"))
    writer.add([AT])
    writer.close()
    library.delete_score(SCORE)
    assert library.take("t1") is None
    assert not list((library.folder / "takes").iterdir())
    assert not library.score_folder(SCORE).exists()


def test_an_open_take_is_found_and_saved(library):
    library.add_take("t1", SCORE)
    writer = TakeWriter(library.take_file("t1", ".jsonl"))
    writer.add([AT])
    writer.close()
    assert [take.id for take in library.open_takes()] == ["t1"]
    save_take(library, "t1")
    assert library.open_takes() == []
    assert library.take("t1").state == "saved"


def test_a_library_of_a_later_version_is_left_alone(library):
    library.close()
    with sqlite3.connect(library.folder / "library.sqlite3") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(OutputError, match="has version 99"):
        Library(library.folder)


def test_a_library_has_one_server(library):
    with pytest.raises(OutputError, match="another server uses the library"):
        Library(library.folder)


def test_what_is_no_database_is_one_sentence(tmp_path):
    (tmp_path / "library.sqlite3").write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(OutputError, match="cannot be opened"):
        Library(tmp_path)


def test_identifiers_differ_and_fit_the_protocol():
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(name.isalnum() and name == name.lower() for name in made)
