"""Score files: what is saved comes back, and damage is named."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from standpartner.errors import ScoreError
from standpartner.score import Onsets, Score, load_score, save_score


def test_saved_score_comes_back_whole(piano: Score, tmp_path: Path) -> None:
    path = tmp_path / "score.npz"
    save_score(piano, path)
    back = load_score(path)
    assert (back.title, back.page_scale) == (piano.title, piano.page_scale)
    np.testing.assert_array_equal(back.strip, piano.strip)
    assert all(np.array_equal(one, two) for one, two in zip(back.pages, piano.pages, strict=True))
    for name in ("systems", "noteheads", "onsets", "measures", "notes"):
        for column, _ in type(getattr(piano, name)).columns():
            left, right = getattr(getattr(back, name), column), getattr(getattr(piano, name), column)
            np.testing.assert_array_equal(left, right)
            assert left.dtype == right.dtype
    assert [file.name for file in tmp_path.iterdir()] == ["score.npz"]


@pytest.mark.parametrize("name", ["picture", "picture_without_bars"])
def test_a_saved_picture_comes_back_without_notes(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    score: Score = request.getfixturevalue(name)
    save_score(score, tmp_path / "score.npz")
    back = load_score(tmp_path / "score.npz")
    assert not back.has_notation
    assert (back.begin_px, back.end_px) == (score.begin_px, score.end_px)
    if score.bars is None:
        assert back.bars is None
    else:
        for column, _ in type(score.bars).columns():
            np.testing.assert_array_equal(getattr(back.bars, column), getattr(score.bars, column))


def test_files_of_version_2_know_no_staves(piano: Score, tmp_path: Path) -> None:
    path = tmp_path / "score.npz"
    save_score(piano, path)
    with np.load(path) as data:
        arrays = {name: data[name] for name in data.files if name not in ("systems.staves", "systems.doubt")}
    np.savez(path, **(arrays | {"format_version": np.array(2)}))
    back = load_score(path)
    assert back.systems.staves.tolist() == back.systems.doubt.tolist() == [0] * len(piano.systems)
    np.testing.assert_array_equal(back.noteheads.x_px, piano.noteheads.x_px)
    np.savez(path, **arrays)
    with pytest.raises(ScoreError, match="damaged"):
        load_score(path)


def test_files_of_the_first_version_have_no_hidden_notes(piano: Score, tmp_path: Path) -> None:
    path = tmp_path / "score.npz"
    save_score(piano, path)
    with np.load(path) as data:
        arrays = {name: data[name] for name in data.files if name != "notes.hidden"}
    np.savez(path, **(arrays | {"format_version": np.array(1)}))
    back = load_score(path)
    assert not back.notes.hidden.any()
    np.testing.assert_array_equal(back.notes.pitch, piano.notes.pitch)
    np.savez(path, **arrays)
    with pytest.raises(ScoreError, match="damaged"):
        load_score(path)


@pytest.mark.parametrize("keep", [0, 100, 5000])
def test_truncated_file_is_refused(piano: Score, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "score.npz"
    save_score(piano, path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ScoreError, match="damaged"):
        load_score(path)


def test_other_version_and_missing_file_are_named(piano: Score, tmp_path: Path) -> None:
    path = tmp_path / "score.npz"
    np.savez(path, format_version=np.array(99))
    with pytest.raises(ScoreError, match="score format 99"):
        load_score(path)
    with pytest.raises(ScoreError, match="no score file"):
        load_score(tmp_path / "absent.npz")
    with pytest.raises(ScoreError, match="cannot be written"):
        save_score(piano, tmp_path / "absent" / "score.npz")


def test_pickled_contents_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "score.npz"
    np.savez(path, format_version=np.array([{}], dtype=object))
    with pytest.raises(ScoreError, match="damaged"):
        load_score(path)


def test_onsets_that_go_back_are_refused(piano: Score) -> None:
    x = piano.onsets.x_px.copy()
    x[2] = x[1]
    with pytest.raises(ScoreError, match="increase strictly"):
        dataclasses.replace(piano.notation, onsets=dataclasses.replace(piano.onsets, x_px=x))


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ScoreError, match="equally long"):
        Onsets(np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(1))


def test_index_out_of_range_is_refused(piano: Score) -> None:
    onset = piano.notes.onset + len(piano.onsets)
    with pytest.raises(ScoreError, match=r"notes\.onset must be between 0 and 6"):
        dataclasses.replace(piano.notation, notes=dataclasses.replace(piano.notes, onset=onset))


def test_tables_cannot_be_changed_in_place(piano: Score) -> None:
    with pytest.raises(ValueError, match="read-only"):
        piano.onsets.x_px[0] = 1.0
