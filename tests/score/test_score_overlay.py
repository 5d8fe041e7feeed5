"""The pictures and the table that show what was found."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from standpartner.errors import OutputError, ScoreError
from standpartner.score import Score
from standpartner.score.overlay import draw_overlay, write_engraving


def test_engraving_is_written(piano: Score, tmp_path: Path) -> None:
    write_engraving(piano, tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["onsets.json", "overlay.png", "page-001.png", "strip.png"]
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out" / "strip.png")), piano.strip)
    onsets = json.loads((tmp_path / "out" / "onsets.json").read_text(encoding="utf-8"))
    assert [onset["quarter"] for onset in onsets] == [0, 1, 2, 3, 3.5, 4, 5]
    assert onsets[1]["pitches"] == [53, 57, 65, 69]  # without the grace note before it
    assert onsets[6]["measure"] == 3
    assert (onsets[0]["page"], onsets[0]["system"]) == (1, 1)
    assert onsets[0]["page_x_px"] == pytest.approx(piano.systems.page_left_px[0] + 2 * onsets[0]["x_px"], abs=0.02)


def test_pages_of_a_score_that_was_written_before_go(piano: Score, tmp_path: Path) -> None:
    for name in ("page-002.png", "page-1000.png", "page-007-old.png", "onsets.json"):
        (tmp_path / name).write_bytes(b"")
    write_engraving(piano, tmp_path)
    assert sorted(path.name for path in tmp_path.glob("page-*")) == ["page-001.png", "page-007-old.png"]


def test_pictures_of_pages_that_it_did_not_write_stay(piano: Score, tmp_path: Path) -> None:
    (tmp_path / "page-001.png").write_bytes(b"a scan")
    with pytest.raises(OutputError, match=r"pictures that would be replaced \(page-001.png\)"):
        write_engraving(piano, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["page-001.png"]
    assert (tmp_path / "page-001.png").read_bytes() == b"a scan"


def test_overlay_marks_onsets_and_heads(tune: Score) -> None:
    overlay = draw_overlay(tune)
    assert overlay.shape == (168 * 2 * -(-tune.width_px // 1000), 2000, 3)
    x, y = tune.noteheads.x_px[0] * 2, tune.noteheads.y_px[0] * 2
    assert overlay[int(y), int(x)].tolist() == [213, 94, 0]
    assert overlay[2, int(tune.onsets.x_px[0] * 2)].tolist() == [86, 180, 233]


def test_folder_that_cannot_be_made_is_named(tune: Score, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ScoreError, match="cannot be written"):
        write_engraving(tune, tmp_path / "file")
