"""The build engine: what hangs, aborts or fails costs one piece only; builds go on where they stopped."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from standpartner.corpus import engine
from standpartner.corpus.build import Made, Recipe, build_corpus
from standpartner.corpus.engine import run_apart
from standpartner.corpus.registry import CORPORA, find_recipe
from standpartner.corpus.store import Built, Corpus, find_piece, open_corpus, read_log, read_split
from standpartner.errors import ConfigError, CorpusError, MissingExtraError, ScoreError
from standpartner.piece import Piece, load_piece, save_piece


def work(item: str) -> str:
    """Work that goes wrong as it is told to."""
    kind, _, word = item.partition(":")
    if kind == "abort":
        os.abort()
    if kind == "exit":
        os._exit(3)
    if kind == "raise":
        raise ValueError(word)
    if kind == "hang":
        Path(word).write_text(str(os.getpid()))
        time.sleep(60)
    if kind == "tidy":  # hangs in a program of its own, beside a temporary folder
        with (
            tempfile.TemporaryDirectory() as folder,
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True) as other,
        ):
            Path(word).write_text(f"{folder}\n{other.pid}")
            try:
                other.wait()
            finally:
                other.kill()
    return word or kind


PRELOAD = ("standpartner.corpus.build", "standpartner.corpus.verify.checks", "pytest")  # else each process imports them


def run(items: list[str], *, jobs: int = 2, time_limit_s: float = 20.0) -> dict[str, tuple[object, str]]:
    outcomes = list(run_apart(work, items, jobs=jobs, time_limit_s=time_limit_s, preload=PRELOAD))
    assert sorted(outcome.index for outcome in outcomes) == list(range(len(items)))
    return {items[outcome.index]: (outcome.value, outcome.failure) for outcome in outcomes}


def test_what_goes_wrong_costs_one_item_only() -> None:
    results = run(["a", "abort", "b", "exit", "raise:so it goes", "c"])
    assert [results[item] for item in "abc"] == [("a", ""), ("b", ""), ("c", "")]
    assert results["abort"] == (None, "was killed by signal SIGABRT")
    assert results["exit"] == (None, "its process ended with exit code 3")
    assert results["raise:so it goes"][1].startswith("ValueError: so it goes (test_build.py, line ")


def test_what_takes_too_long_is_ended_with_its_programs_and_files(tmp_path: Path, wait_for, is_over) -> None:
    note = tmp_path / "note"
    results = run([f"tidy:{note}", "after"], jobs=1, time_limit_s=4.0)
    assert results[f"tidy:{note}"] == (None, "took longer than 4 s")
    assert results["after"] == ("after", "")
    folder, pid = note.read_text().split("\n")
    assert not Path(folder).exists()
    assert wait_for(lambda: is_over(int(pid)))


def test_an_interrupted_run_leaves_no_processes(tmp_path: Path, wait_for, is_over) -> None:
    notes = [tmp_path / "0", tmp_path / "1"]
    outcomes = run_apart(work, ["a", *(f"hang:{note}" for note in notes)], jobs=3, time_limit_s=20)
    assert next(outcomes).value == "a"
    assert wait_for(lambda: all(note.is_file() and note.read_text() for note in notes))
    outcomes.close()
    assert all(is_over(int(note.read_text())) for note in notes)


def test_unknown_engines_and_missing_ray_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="expected one of local, ray"):
        run_apart(work, ["a"], jobs=1, time_limit_s=1, engine="slurm")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r'pip install "standpartner\[cluster\]"'):
        list(run_apart(work, ["a"], jobs=1, time_limit_s=1, engine="ray"))


@pytest.mark.slow
def test_the_same_work_runs_on_two_ray_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason='Ray is not installed; install it with: pip install "standpartner[cluster]"')
    here = str(Path(__file__).parent)  # where workers find this file's functions
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])]))
    items = ["a", "abort", "raise:so it goes", "b"]
    outcomes = list(run_apart(work, items, jobs=2, time_limit_s=30, engine="ray"))
    results = {items[outcome.index]: (outcome.value, outcome.failure) for outcome in outcomes}
    assert results["a"] == ("a", "")
    assert results["b"] == ("b", "")
    assert results["abort"] == (None, "was killed by signal SIGABRT")
    assert results["raise:so it goes"][1].startswith("ValueError: so it goes")


@dataclass(frozen=True)
class Tune:
    """An entry whose piece lies finished in a folder; its name says what happens."""

    name: str
    sha256: str
    folder: Path


def build_tune(tune: Tune, split: str) -> Made:
    if tune.name == "bad":
        raise ScoreError("it has no notes")
    if tune.name == "crash":
        os.abort()
    if tune.name == "needy":
        raise MissingExtraError("LilyPond", "apt-get install lilypond")
    piece = replace(load_piece(tune.folder), name=tune.name)
    return Made(piece, notes=("one performance left out: it takes repeats",) if tune.name == "noted" else ())


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    return Corpus("tunes", tmp_path / "corpora" / "tunes")


@pytest.fixture
def recipe(tmp_path: Path, tiny_pieces: list[Piece], corpus: Corpus):
    """A recipe for pieces of some names, and the split that goes with it."""
    save_piece(replace(tiny_pieces[0], performances=tiny_pieces[0].performances[:1]), tmp_path / "piece")

    def make(*names: str, version: str = "1") -> Recipe:
        tunes = [Tune(name, f"{name}-{version}", tmp_path / "piece") for name in names]
        corpus.folder.mkdir(parents=True, exist_ok=True)
        rows = "".join(f"{tune.name}\ttrain\t{tune.sha256}\n" for tune in tunes)
        (corpus.folder / "split.tsv").write_text("name\tsplit\tsha256\n" + rows)
        return Recipe("tunes", "", "", "", (), lambda source: tunes, build_tune, time_limit_s=30)

    return make


def build(recipe: Recipe, **options) -> dict[str, Built]:
    return {built.name: built for built in build_corpus(recipe, open_corpus("tunes"), source=Path(), **options)}


def test_a_build_logs_every_piece_with_its_reason_and_notes(recipe, corpus: Corpus) -> None:
    seen = []
    results = build(
        recipe("good", "bad", "crash", "noted"), jobs=2, report=lambda built, total: seen.append((built.name, total))
    )
    assert sorted(seen) == [("bad", 4), ("crash", 4), ("good", 4), ("noted", 4)]
    assert {name: built.reason for name, built in results.items()} == {
        "good": "",
        "noted": "",
        "bad": "it has no notes",
        "crash": "was killed by signal SIGABRT",
    }
    assert results["noted"].notes == ("one performance left out: it takes repeats",)
    assert read_log(corpus.folder) == results
    assert corpus.names("train") == ["good", "noted"]
    assert corpus.size_bytes() > 1000
    assert not corpus.piece_folder("crash").exists()


def test_a_build_of_a_split_leaves_the_others_alone(recipe, corpus: Corpus) -> None:
    tunes = recipe("good")
    assert build(tunes, split="test") == {}
    with pytest.raises(CorpusError, match="no split 'all'"):
        build(tunes, split="all")
    assert list(build(tunes, split="train")) == ["good"]


def test_a_build_goes_on_where_it_stopped_and_does_not_repeat_failures(recipe, corpus: Corpus) -> None:
    first = build(recipe("good", "bad"))
    with (corpus.folder / "build.jsonl").open("a") as log:
        log.write('{"name": "good", "spl')  # what a killed program leaves
    lines = (corpus.folder / "build.jsonl").read_text().splitlines()
    assert build(recipe("good", "bad")) == first
    assert (corpus.folder / "build.jsonl").read_text().splitlines() == lines
    retried = build(recipe("good", "bad"), retry=True)
    assert retried["bad"].reason == "it has no notes"
    assert [json.loads(line)["name"] for line in (corpus.folder / "build.jsonl").read_text().splitlines()[3:]] == [
        "bad"
    ]


def test_a_changed_source_is_built_again(recipe, corpus: Corpus) -> None:
    build(recipe("good", "bad"))
    results = build(recipe("good", "bad", version="2"))
    assert {built.sha256 for built in results.values()} == {"good-2", "bad-2"}
    assert len((corpus.folder / "build.jsonl").read_text().splitlines()) == 4


def test_a_piece_that_changed_its_split_is_built_again(recipe, corpus: Corpus) -> None:
    tunes = recipe("good", "noted")
    build(tunes)
    path = corpus.folder / "split.tsv"
    path.write_text(path.read_text().replace("noted\ttrain", "noted\ttest"))
    with pytest.raises(CorpusError, match="no test piece of tunes is built"):
        open_corpus("tunes").names("test")  # it is played as a training piece
    assert {name: built.split for name, built in build(tunes).items()} == {"good": "train", "noted": "test"}
    assert open_corpus("tunes").names("test") == ["noted"]
    assert open_corpus("tunes").names("train") == ["good"]


def test_a_missing_program_stops_the_build_and_is_no_failure_of_the_piece(recipe, corpus: Corpus) -> None:
    with pytest.raises(CorpusError, match="apt-get install lilypond"):
        build(recipe("good", "needy"))
    assert set(read_log(corpus.folder)) <= {"good"}


def test_logs_of_earlier_versions_are_read(tmp_path: Path) -> None:
    (tmp_path / "build.jsonl").write_text('{"name": "a", "split": "test", "reason": "", "seconds": 2.5}\n')
    assert read_log(tmp_path) == {"a": Built("a", "test", seconds=2.5)}
    assert read_log(tmp_path / "nothing") == {}


def test_pieces_are_found_by_name_corpus_and_folder(recipe, corpus: Corpus) -> None:
    build(recipe("good", "noted"))
    folder = corpus.piece_folder("good")
    assert find_piece("good") == find_piece("tunes/good") == find_piece(str(folder)) == folder
    with pytest.raises(CorpusError, match="did you mean good"):
        find_piece("goo")
    save_piece(load_piece(folder), corpus.folder.parent / "others" / "pieces" / "good")
    with pytest.raises(CorpusError, match="others/good, tunes/good"):
        find_piece("good")
    score = folder / "score.pdf"
    score.write_bytes(b"%PDF")
    with pytest.raises(CorpusError, match=r"score\.pdf is a file, but a piece is a folder"):
        find_piece(str(score))
    with pytest.raises(CorpusError, match="no piece '/absent' is built"):
        find_piece("/absent")
    assert find_piece("tunes/good") == folder


@pytest.mark.parametrize("name", CORPORA)
def test_every_corpus_has_a_recipe_and_a_split(name: str) -> None:
    assert find_recipe(name).name == name
    assert read_split(name)


def test_unknown_corpora_are_named() -> None:
    with pytest.raises(ConfigError, match="expected one of nottingham"):
        find_recipe("nothing")


def test_a_process_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "GRACE_S", 0.2)
    (outcome,) = run_apart(deaf, ["a"], jobs=1, time_limit_s=1)
    assert outcome.failure == "took longer than 1 s"
    assert outcome.seconds < 10


def deaf(item: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)


def test_a_collection_is_the_part_of_a_corpus_that_its_name_begins() -> None:
    whole, joplin = open_corpus("humdrum"), open_corpus("humdrum/joplin")
    assert set(joplin.splits) == {name for name in whole.splits if name.startswith("joplin__")}
    assert (joplin.name, joplin.title, joplin.folder) == ("humdrum", "humdrum/joplin", whole.folder)
    with pytest.raises(CorpusError, match="expected CORPUS/COLLECTION"):
        open_corpus("humdrum/jop")
    with pytest.raises(CorpusError, match="no corpus 'hum'"):
        open_corpus("hum/joplin")
