"""The corpus commands as a user calls them: what they say and how they exit."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from standpartner.corpus.original.format import write_original
from standpartner.corpus.store import Built, log_built, open_corpus
from standpartner.errors import MissingExtraError
from standpartner.piece import Piece, save_piece

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(call: Call) -> Call:
    """Runs a corpus command; what it says on standard output comes in one line."""

    def run(*words: object) -> tuple[int, str, str]:
        code, out, err = call("corpus", *words)
        return code, " ".join(out.split()), err

    return run


@pytest.fixture
def corpus(tiny_pieces: list[Piece], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus of one good and one bad piece, one that could not be built and one not tried."""
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "corpora" / "tunes"
    good, late = tiny_pieces
    performances = tuple(
        replace(heard, spectrogram=np.pad(heard.spectrogram, ((4, 0), (0, 0)))) for heard in late.performances
    )
    for piece, split in ((good, "train"), (replace(late, performances=performances), "valid")):
        save_piece(piece, folder / "pieces" / piece.name)
        log_built(folder, Built(piece.name, split, seconds=60))
    log_built(folder, Built("unreadable", "test", reason="[bar 7] makes no sense", seconds=60))
    names = {good.name: "train", late.name: "valid", "unreadable": "test", "untried": "test"}
    rows = "".join(f"{name}\t{split}\tx\n" for name, split in names.items())
    (folder / "split.tsv").write_text("name\tsplit\tsha256\n" + rows)
    return folder


def test_list_names_every_corpus_even_where_something_is_missing(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from standpartner.corpus import registry

    find = registry.find_recipe

    def needy(name: str) -> object:
        if name == "msmd":
            raise MissingExtraError("Something", "pip install something")
        return find(name)

    monkeypatch.setattr(registry, "find_recipe", needy)
    code, out, _ = call("list")
    assert code == 0
    assert all(name in out for name in registry.CORPORA)
    assert "pip install something" in out
    assert "GPL-3.0" in out


def test_info_counts_what_is_built_and_names_what_is_not(call: Call, corpus: Path) -> None:
    code, out, _ = call("info", "tunes")
    assert code == 0
    assert "3.0 core minutes" in out
    assert "1 pieces could not be built, 1 were not tried yet." in out
    assert "unreadable (test): [bar 7] makes no sense" in out


def test_a_collection_is_counted_alone(call: Call, corpus: Path, tiny_pieces: list[Piece]) -> None:
    for name, split, reason in (("bach__one", "train", ""), ("bach__two", "test", "too long")):
        if not reason:
            save_piece(replace(tiny_pieces[0], name=name), corpus / "pieces" / name)
        log_built(corpus, Built(name, split, reason=reason, seconds=120))
        with (corpus / "split.tsv").open("a") as rows:
            rows.write(f"{name}\t{split}\tx\n")
    size = sum(path.stat().st_size for path in (corpus / "pieces" / "bach__one").rglob("*") if path.is_file())
    assert open_corpus("tunes/bach").size_bytes() == size
    code, out, _ = call("info", "tunes/bach")
    assert (code, "built in 4.0 core minutes. 1 pieces could not be built, 0 were not tried yet." in out) == (0, True)
    out = call("table", "tunes/bach")[1]
    assert "| tunes/bach | 2 | 1, 0, 0 | 1 | 2 |" in out
    assert out.endswith("| 4 | - |")  # core minutes


def test_the_table_counts_pieces_found_built_and_excluded(call: Call, corpus: Path, tiny_pieces: list[Piece]) -> None:
    code, out, _ = call("table", "tunes")
    assert code == 0
    onsets = sum(len(piece.score.onsets) for piece in tiny_pieces)
    assert f"| tunes | 4 | 1, 1, 0 | 1 | 4 | {onsets} |" in out
    assert "| 3 | - |" in out  # minutes, and an imported corpus has no licence of its own
    assert call("table")[1].startswith("| corpus | found |")  # nothing of the package's corpora is built: a head only


def test_verify_passes_what_is_true(call: Call, corpus: Path) -> None:
    code, out, err = call("verify", "tunes", "--split", "train", "--jobs", "1")
    assert (code, "error" in err) == (0, False)
    assert "1 of 1 pieces pass every check" in out


def test_verify_names_what_fails_and_writes_numbers_and_pages(call: Call, corpus: Path, tmp_path: Path) -> None:
    pages, numbers = tmp_path / "pages", tmp_path / "report.json"
    code, out, _ = call("verify", "tunes", "--jobs", "1", "--html", pages, "--json", numbers)
    assert code == 1
    assert "tune-1: audio in time: 0 of 2 (best shift 4, 4 frames)" in out
    assert "1 of 2 pieces pass every check" in out
    report = json.loads(numbers.read_text())
    assert report["failed"] == ["tune-1"]
    assert (pages / "index.html").is_file()
    assert (pages / "tune-0.html").is_file()


def test_brackets_in_a_name_are_printed(call: Call, corpus: Path, tmp_path: Path) -> None:
    page = tmp_path / "one [take].html"
    code, out, _ = call("show", "tunes/tune-1", "--out", page)
    assert (code, f"Open {page} in a browser." in out) == (0, True)


def test_it_is_told_before_the_work_where_no_report_can_be_written(
    call: Call, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*_: object, **__: object) -> None:
        pytest.fail("the work has begun")

    monkeypatch.setattr("standpartner.corpus.verify.checks.verify_corpus", work)
    code, _, err = call("verify", "tunes", "--json", tmp_path)
    assert (code, "it is a folder" in err) == (1, True)


def test_show_writes_a_page(call: Call, corpus: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    code, out, _ = call("show", "tunes/tune-1", "--out", page, "--performance", "p1")
    assert code == 0
    assert "audio in time" in out
    assert "shown: p1" in page.read_text()
    assert call("show", "tune-9")[0] == 1


@pytest.mark.needs("fluidr3")
def test_an_archive_is_imported(call: Call, corpus: Path, tmp_path: Path, tiny_pieces: list[Piece]) -> None:
    write_original(tiny_pieces[0], tmp_path / "tunes_valid")
    code, out, _ = call("import-npz", tmp_path / "tunes_valid", "--name", "imported", "--jobs", "1")
    assert code == 0
    assert "1 pieces of imported are built" in out
    assert "0 are not" in out
    assert str(len(tiny_pieces[0].score.onsets)) in call("info", "imported")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("build", "nothing", "--source", "."), "expected one of nottingham"),
        (("build", "nottingham", "--source", "/nowhere"), "jukedeck/nottingham-dataset"),
        (("verify", "nothing"), "no corpus 'nothing'"),
        (("verify", "tunes", "--split", "all"), "train, valid, test"),
        (("show", "tune-0", "--performance", "p9"), "expected one of p0, p1"),
    ],
)
def test_mistakes_are_one_sentence(call: Call, corpus: Path, words: tuple[str, ...], said: str) -> None:
    code, _, err = call(*words)
    assert code == 1
    assert said in err
    assert err.splitlines()[-1].startswith("error: ")


def test_help_says_what_each_command_is_for(call: Call) -> None:
    out = call("--help")[1]
    assert all(word in out for word in ("list", "build", "info", "verify", "show", "import-npz"))
