"""Verification passes what is true, and every check fails where its truth is damaged."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from standpartner.corpus.build import render_performance
from standpartner.corpus.store import open_corpus
from standpartner.corpus.verify import measurements
from standpartner.corpus.verify.checks import (
    CHECKS,
    READABLE,
    VerifyConfig,
    config_of,
    verify_corpus,
    verify_folder,
    verify_piece,
)
from standpartner.perform import PerformanceStyle, soundfonts
from standpartner.piece import Performance, Piece, save_piece
from standpartner.score import Score, read_score

CLEFS = Path(__file__).parents[1] / "score" / "data" / "clefs.musicxml"
Damage = Callable[[Piece], Piece]


def of_score(change: Callable[[Score], dict]) -> Damage:
    """Damage that replaces parts of the score."""
    return lambda piece: replace(piece, score=replace(piece.score, **change(piece.score)))


def of_notation(change: Callable[[Score], dict]) -> Damage:
    """Damage that replaces tables of the score's notation."""
    return of_score(lambda score: {"music": replace(score.notation, **change(score))})


def of_heads(**columns: Callable[[Score], np.ndarray]) -> Damage:
    return of_notation(
        lambda score: {"noteheads": replace(score.noteheads, **{name: make(score) for name, make in columns.items()})}
    )


def of_systems(**columns: Callable[[Score], np.ndarray]) -> Damage:
    return of_score(
        lambda score: {"systems": replace(score.systems, **{name: make(score) for name, make in columns.items()})}
    )


def of_sound(change: Callable[[Performance], dict]) -> Damage:
    return lambda piece: replace(piece, performances=tuple(replace(p, **change(p)) for p in piece.performances))


def delayed(performance: Performance, frames: int) -> dict:
    return {"spectrogram": np.pad(performance.spectrogram, ((frames, 0), (0, 0)))}


def second_half_late(performance: Performance) -> dict:
    late = np.where(np.arange(len(performance.onset_s)) < len(performance.onset_s) // 2, 0, 0.25)
    return {"onset_s": performance.onset_s + late}


def four_onsets_pulled_ahead(performance: Performance) -> dict:
    onset_s = performance.onset_s.copy()
    onset_s[5:9] = onset_s[4] + 0.02 * np.arange(1, 5)
    return {"onset_s": onset_s}


def without_every_fifth_head(score: Score) -> dict:
    kept = np.arange(len(score.noteheads)) % 5 > 0
    columns = {name: getattr(score.noteheads, name)[kept] for name, _ in score.noteheads.columns()}
    return {"noteheads": replace(score.noteheads, **columns)}


def every_fourth(score: Score) -> np.ndarray:
    return np.arange(len(score.noteheads)) % 4 == 0


DAMAGES: dict[str, Damage] = {
    "heads on the strip": of_heads(y_px=lambda score: score.noteheads.y_px + 160 * every_fourth(score)),
    "heads on ink": of_heads(x_px=lambda score: score.noteheads.x_px + 9 * every_fourth(score)),
    "heads centred on ink": of_heads(x_px=lambda score: score.noteheads.x_px + 3),
    "heads at their onsets": of_heads(
        onset=lambda score: np.where(
            every_fourth(score), (score.noteheads.onset + 3) % len(score.onsets), score.noteheads.onset
        )
    ),
    "heads where their pitch is": of_heads(pitch=lambda score: score.noteheads.pitch + 4 * every_fourth(score)),
    "notes that are drawn": of_notation(without_every_fifth_head),
    "heads that sound": of_heads(pitch=lambda score: score.noteheads.pitch + every_fourth(score)),
    "onsets with the same pitches": of_heads(pitch=lambda score: score.noteheads.pitch + every_fourth(score)),
    "onsets in their systems": of_notation(
        lambda score: {"onsets": replace(score.onsets, system=(score.onsets.system + 1) % len(score.systems))}
    ),
    "bars in order": of_notation(
        lambda score: {"measures": replace(score.measures, strip_right_px=score.measures.strip_right_px + 9)}
    ),
    "onsets in their bars": of_notation(
        lambda score: {"onsets": replace(score.onsets, measure=(score.onsets.measure + 1) % len(score.measures))}
    ),
    "bars with their onsets": of_notation(
        lambda score: {"onsets": replace(score.onsets, measure=np.maximum(score.onsets.measure - 1, 0))}
    ),
    "systems with their staves": of_score(lambda score: {"strip": np.full_like(score.strip, 255)}),
    "pages without other staves": of_systems(
        page_top_px=lambda score: score.systems.page_top_px + 400,
        page_bottom_px=lambda score: score.systems.page_bottom_px + 400,
    ),
    "systems inside their pages": of_systems(page_right_px=lambda score: score.systems.page_right_px + 500),
    "systems like their pages": of_systems(
        page_top_px=lambda score: np.roll(score.systems.page_top_px, 1),
        page_bottom_px=lambda score: np.roll(score.systems.page_bottom_px, 1),
    ),
    "onsets inside the audio": of_sound(lambda heard: {"spectrogram": heard.spectrogram[:40]}),
    "pitches played at their onset": of_sound(lambda heard: {"note_pitch": heard.note_pitch + 1}),
    "onsets at the music's pace": of_sound(four_onsets_pulled_ahead),
    "audio in time": of_sound(lambda heard: delayed(heard, 4)),
    "audio rises at onsets": of_sound(lambda heard: {"spectrogram": np.ones_like(heard.spectrogram)}),
    "audio blocks in time": of_sound(second_half_late),
}


@pytest.fixture(scope="module")
def piece(tiny_pieces: list[Piece]) -> Piece:
    return tiny_pieces[0]


def failed(piece: Piece) -> set[str]:
    return {result.check for result in verify_piece(piece).failed}


def test_a_true_piece_passes_every_check(tiny_pieces: list[Piece]) -> None:
    for piece in tiny_pieces:
        report = verify_piece(piece)
        assert not report.failed
        assert {result.check for result in report.results} == {READABLE, *CHECKS}
        assert all(result.total > 0 for result in report.results)


def test_there_is_damage_for_every_check() -> None:
    assert set(DAMAGES) == set(CHECKS)


@pytest.mark.parametrize("check", DAMAGES)
def test_a_check_fails_where_its_truth_is_damaged(piece: Piece, check: str) -> None:
    assert check in failed(DAMAGES[check](piece))


@pytest.mark.parametrize("frames", [-4, -3, -2, 2, 3, 4])
def test_audio_more_than_a_frame_off_is_noticed(piece: Piece, frames: int) -> None:
    def late(heard: Performance) -> dict:
        return {"onset_s": heard.onset_s + max(0, -frames) / 20, **delayed(heard, max(0, frames))}

    assert "audio in time" in failed(of_sound(late)(piece))


def test_audio_of_other_music_is_noticed(tiny_pieces: list[Piece]) -> None:
    first, second = tiny_pieces
    sounds = zip(first.performances, second.performances, strict=True)
    swapped = tuple(replace(mine, spectrogram=other.spectrogram) for mine, other in sounds)
    assert failed(replace(first, performances=swapped)) & {"audio in time", "audio rises at onsets"}


def test_notes_that_are_meant_to_be_hidden_need_no_head(piece: Piece) -> None:
    lacking = of_notation(without_every_fifth_head)(piece)
    drawn = measurements.pitches_drawn(lacking.score)
    notes = lacking.score.notes
    hidden = np.array([pitch not in drawn[onset] for pitch, onset in zip(notes.pitch, notes.onset, strict=True)])
    assert hidden.any()
    excused = of_notation(lambda score: {"notes": replace(score.notes, hidden=hidden)})(lacking)
    assert not failed(excused) & {"notes that are drawn", "onsets with the same pitches"}
    assert "notes that are drawn" in failed(lacking)


def test_heads_a_staff_line_too_high_are_found_out(piece: Piece) -> None:
    higher = of_heads(y_px=lambda score: score.noteheads.y_px - 3)(piece)
    assert measurements.head_shift_px(higher.score) == (0, 3)
    assert "heads centred on ink" in failed(higher)


def test_a_mirrored_staff_does_not_agree(piece: Piece) -> None:
    mirrored = of_heads(y_px=lambda score: 160 - score.noteheads.y_px)(piece)
    agreement = measurements.staff_agreement(mirrored.score)
    assert np.nanmean(agreement >= 0.5) < 0.6
    assert np.nanmin(measurements.staff_agreement(piece.score)) == 1


def test_heads_between_changes_of_clef_are_where_their_pitch_is(monkeypatch: pytest.MonkeyPatch) -> None:
    piece = Piece("clefs", read_score(CLEFS), ())
    assert "heads where their pitch is" not in failed(piece)
    assert "heads where their pitch is" in failed(DAMAGES["heads where their pitch is"](piece))
    monkeypatch.setattr(measurements, "_under_common_clefs", lambda score: np.zeros(len(score.noteheads), bool))
    assert "heads where their pitch is" in failed(piece)  # neighbours alone cannot tell


def fast_notes(music: str, folder: Path) -> Piece:
    """A tune of semiquavers, fifteen a second, played as written."""
    path = folder / "fast.abc"
    path.write_text(f"X:1\nT:Fast\nM:4/4\nL:1/16\nQ:1/4=220\nK:C\n{music}|]\n")
    score = read_score(path)
    style = replace(PerformanceStyle.mechanical(), soundfonts=(next(iter(soundfonts())),))
    return Piece("fast", score, (render_performance(score, style, name="p", seed=1),))


@pytest.mark.needs("fluidsynth")
def test_the_shift_is_judged_by_notes_that_do_not_come_again_within_the_shifts_tried(tmp_path: Path) -> None:
    again, scale = "CEGECEGECEGECEGE|" * 3, "CDEFGABcdefgabc'd'"
    for music, untold in ((again, True), (again + scale, False)):
        fast = fast_notes(music, tmp_path)
        (heard,) = fast.performances
        rise = measurements.onset_flux(fast.score, heard).sum(axis=0)
        assert abs(measurements.SHIFTS_FRAMES[rise.argmax()]) > 1  # four notes off, as if that were the best
        assert measurements.best_shift_frames(fast.score, heard) == (None if untold else 0)
        assert "audio in time" not in failed(fast)
        assert ("audio in time" in failed(DAMAGES["audio in time"](fast))) is not untold


def test_a_piece_without_performances_is_verified_as_a_score(piece: Piece) -> None:
    report = verify_piece(replace(piece, performances=()))
    assert not report.failed
    assert {result.check for result in report.results if not result.total} == {
        check for check in CHECKS if any(word in check for word in ("audio", "played", "pace"))
    }


def test_limits_are_configuration(piece: Piece) -> None:
    shifted = DAMAGES["heads on ink"](piece)
    loose = VerifyConfig(head_shift_px=9, least={**VerifyConfig().least, "heads on ink": 0.5})
    assert "heads on ink" not in {result.check for result in verify_piece(shifted, loose).failed}


def test_scans_may_have_a_few_heads_beside_ink() -> None:
    assert config_of("prints").least == VerifyConfig().least | {"heads on ink": 0.95}
    assert config_of("prints/mozart") == config_of("prints")
    assert config_of("msmd") == VerifyConfig()


def test_damaged_files_fail_with_the_reason(piece: Piece, tmp_path: Path) -> None:
    save_piece(piece, tmp_path)
    assert not verify_folder(tmp_path).failed
    path = tmp_path / "score.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    (result,) = verify_folder(tmp_path).failed
    assert result.check == READABLE
    assert "checksum" in result.detail
    path.unlink()
    assert "missing" in verify_folder(tmp_path).failed[0].detail


def backwards(arrays: dict) -> None:
    arrays["onsets.x_px"][[3, 9]] = arrays["onsets.x_px"][[9, 3]]


def too_tall(arrays: dict) -> None:
    arrays["strip"] = np.pad(arrays["strip"], ((0, 1), (0, 0)))


@pytest.mark.parametrize(("spoil", "words"), [(backwards, "increase strictly"), (too_tall, r"\(160, width\)")])
def test_scores_against_the_rules_do_not_load(piece: Piece, tmp_path: Path, monkeypatch, spoil, words: str) -> None:
    save_piece(piece, tmp_path)
    with np.load(tmp_path / "score.npz") as data:
        arrays = {name: data[name].copy() for name in data.files}
    spoil(arrays)
    np.savez_compressed(tmp_path / "score.npz", **arrays)
    monkeypatch.setattr("standpartner.piece.files._sha256", lambda path: "")  # as if it had been written so
    text = (tmp_path / "piece.json").read_text()
    (tmp_path / "piece.json").write_text(re.sub(r'"[0-9a-f]{64}"', '""', text))
    (result,) = verify_folder(tmp_path).failed
    assert result.check == READABLE
    assert re.search(words, result.detail)


def test_a_corpus_is_verified_piece_by_piece_and_pooled(
    tiny_pieces: list[Piece], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    folder = tmp_path / "corpora" / "tunes"
    good, bad = tiny_pieces[0], DAMAGES["audio in time"](tiny_pieces[1])
    for piece in (good, bad):
        save_piece(piece, folder / "pieces" / piece.name)
    rows = f"{good.name}\ttrain\tx\n{bad.name}\ttest\tx\n"
    (folder / "split.tsv").write_text("name\tsplit\tsha256\n" + rows)
    seen = []
    report = verify_corpus(open_corpus("tunes"), jobs=2, report=lambda piece, total: seen.append((piece.name, total)))
    assert sorted(seen) == [(good.name, 2), (bad.name, 2)]
    assert [piece.name for piece in report.failed] == [bad.name]
    pooled = {pool.check: pool for pool in report.pooled()}["audio in time"]
    assert (pooled.right, pooled.total, pooled.passed, pooled.pieces, pooled.worst) == (2, 4, 1, 2, bad.name)
    results = report.to_json()["findings"][bad.name]
    (shifts,) = [result["detail"] for result in results if result["check"] == "audio in time"]
    assert shifts == "best shift 4, 4 frames"
    assert not verify_corpus(open_corpus("tunes"), split="train").failed
