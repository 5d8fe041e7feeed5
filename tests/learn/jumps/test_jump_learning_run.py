"""Learning when to jump from pieces: what is recorded, kept, taken up again and refused."""

import numpy as np
import pytest

from standpartner.agent.bundle import load_agent
from standpartner.corpus.store import open_corpus
from standpartner.errors import AgentError, ConfigError, CorpusError
from standpartner.learn.jumps import JumpLearning, learn_jumps, run
from standpartner.learn.jumps.record import COLUMNS, record, record_piece
from standpartner.piece import save_piece
from tests.damage import spoil_block


@pytest.fixture
def corpus(tiny_pieces, tmp_path, monkeypatch):
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "corpora" / "tunes"
    for piece in tiny_pieces:
        save_piece(piece, folder / "pieces" / piece.name)
    splits = zip(tiny_pieces, ("train", "train", "valid"), strict=False)
    rows = "".join(f"{piece.name}\t{split}\tx\n" for piece, split in splits)
    (folder / "split.tsv").write_text("name\tsplit\tsha256\n" + rows)
    return open_corpus("tunes")


def lost_rows(seed):
    """A record in which the music is found elsewhere, rightly."""
    rng = np.random.default_rng(seed)
    rows = rng.uniform(0.1, 0.9, (60, len(COLUMNS)))
    column = {name: number for number, name in enumerate(COLUMNS)}
    rows[:, column["jumped"]] = 0
    rows[:, column["here_px"]] = 100
    rows[:, [column["found_px"], column["target_px"]]] = 1000
    rows[:, [column["found"], column["found_speed_px"]]] = (0.9, 4.0)
    return rows


def test_a_record_tells_each_frame_and_the_truth(tiny_pieces, tiny_bundle):
    agent, track = load_agent(str(tiny_bundle)), tiny_pieces[0].tracks()[0]
    first = track.first_frame + 5
    rows = record(agent, agent.read(track.strip), track, first_frame=first)
    frames = np.arange(first, track.last_frame + 1)
    np.testing.assert_array_equal(rows[:, 0], track.targets_at(frames))
    here = rows[:, COLUMNS.index("here_px")]
    assert here[0] == rows[0, 0], "it begins where the music is"
    probabilities = rows[:, [COLUMNS.index(name) for name in ("found", "here", "tracked", "tracked_now", "located")]]
    assert np.all((probabilities >= 0) & (probabilities <= 1))
    again = record_piece(agent, tiny_pieces[0], seed=1)
    np.testing.assert_array_equal(again[0], record_piece(agent, tiny_pieces[0], seed=1)[0])
    assert len(again) == 1, "a tune has no room for jumps"


def test_pieces_are_recorded_once(corpus, tiny_bundle, tmp_path, monkeypatch):
    asked, told = [], []
    monkeypatch.setattr(
        run, "record_piece", lambda agent, piece, *, seed: asked.append(piece.name) or [lost_rows(seed)]
    )
    settings = JumpLearning(agent=str(tiny_bundle), steps=5)
    first = learn_jumps(settings, [corpus], progress=lambda done, of: told.append((done, of)))
    names = corpus.names("train")
    assert asked == names, "training pieces alone"
    assert told[-1] == (len(names), len(names))
    assert first.pieces == len(names)
    assert first.hours == pytest.approx(len(names) * 60 / 20 / 3600)
    assert learn_jumps(settings, [corpus]).policy.to_json() == first.policy.to_json()
    assert asked == names, "the records were kept"
    learn_jumps(JumpLearning(agent=str(tiny_bundle), steps=5, seed=1), [corpus])
    assert asked == names * 2, "another seed plays otherwise"
    for path in (tmp_path / "cache" / "jump_records").glob("*/*.npz"):
        path.write_bytes(path.read_bytes()[:100])
    assert learn_jumps(settings, [corpus]).policy.to_json() == first.policy.to_json()
    assert asked == names * 3, "damaged records are made again"
    for path in (tmp_path / "cache" / "jump_records").glob("*/*.npz"):
        spoil_block(path)
    assert learn_jumps(settings, [corpus]).policy.to_json() == first.policy.to_json()
    assert asked == names * 4, "whatever the damage"


def test_what_pays_on_the_records_is_learned(corpus, tiny_bundle, monkeypatch):
    monkeypatch.setattr(run, "record_piece", lambda agent, piece, *, seed: [lost_rows(0)])
    learned = learn_jumps(JumpLearning(agent=str(tiny_bundle)), [corpus])
    assert learned.learned > learned.by_rule + 10


def test_a_higher_threshold_is_kept_with_the_same_weights(corpus, tiny_bundle, monkeypatch):
    monkeypatch.setattr(run, "record_piece", lambda agent, piece, *, seed: [lost_rows(0)])
    usual, careful = (
        learn_jumps(JumpLearning(agent=str(tiny_bundle), steps=5, threshold=threshold), [corpus]).policy
        for threshold in (0.7, 0.95)
    )
    assert careful.threshold == 0.95
    assert careful.to_json() | {"threshold": 0.7} == usual.to_json()


def test_nothing_to_learn_from(corpus, tiny_bundle, monkeypatch):
    with pytest.raises(AgentError):
        learn_jumps(JumpLearning(agent="nobody"), [corpus])
    (corpus.folder / "split.tsv").write_text("name\tsplit\tsha256\ntune-0\tvalid\tx\n")
    with pytest.raises(CorpusError, match="no train piece of tunes"):
        learn_jumps(JumpLearning(agent=str(tiny_bundle)), [open_corpus("tunes")])


def test_records_without_another_place(corpus, tiny_bundle, monkeypatch):
    rows = lost_rows(0)
    rows[:, COLUMNS.index("found_px")] = 100
    monkeypatch.setattr(run, "record_piece", lambda agent, piece, *, seed: [rows])
    with pytest.raises(ConfigError, match="never another place"):
        learn_jumps(JumpLearning(agent=str(tiny_bundle)), [corpus])


@pytest.mark.parametrize("threshold", [-0.1, 0.0, 1.0, 1.5, float("nan")])
def test_a_threshold_that_is_no_probability_is_refused_at_once(threshold):
    with pytest.raises(ConfigError, match=r"^threshold: expected a number between 0 and 1, got "):
        JumpLearning(agent="piano", threshold=threshold)
