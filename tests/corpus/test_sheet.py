"""The pages to look at: self-contained, complete, failing pieces first."""

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from standpartner.corpus.verify.checks import CorpusReport, PieceReport, VerifyConfig, unreadable, verify_piece
from standpartner.corpus.verify.page import draw_card, write_contact_sheet, write_piece_page
from standpartner.errors import CorpusError, OutputError
from standpartner.piece import Piece

CONFIG = VerifyConfig()


def page_of(piece: Piece, path: Path, **options: str) -> str:
    write_piece_page(path, piece, verify_piece(piece), config=CONFIG, **options)
    return path.read_text()


def with_wrong_pitch(piece: Piece) -> Piece:
    heads = piece.score.noteheads
    wrong = replace(heads, pitch=heads.pitch + 4 * (np.arange(len(heads)) == 5))
    return replace(piece, score=replace(piece.score, music=replace(piece.score.notation, noteheads=wrong)))


@pytest.fixture(scope="module")
def piece(tiny_pieces: list[Piece]) -> Piece:
    return tiny_pieces[0]


def test_a_page_shows_everything_and_needs_nothing_else(piece: Piece, tmp_path: Path) -> None:
    page = page_of(piece, tmp_path / "page.html")
    score = piece.score
    assert page.count("<svg") == len(score.systems)
    assert page.count("class=onset") == page.count("class=heard") == len(score.onsets)
    assert page.count("class=head ") == len(score.noteheads)
    assert "class=wrong" not in page
    assert not re.search(r"(href|src)='(?!data:)", page)
    assert "http" not in page
    assert len(page) < 200_000


def test_pictures_are_the_strip_and_the_sound(piece: Piece, tmp_path: Path) -> None:
    page = page_of(piece, tmp_path / "page.html")
    data = re.findall(r"class=(strip|sound) .*?base64,([^']+)'", page)
    pictures = [
        (kind, np.asarray(PilImage.open(io.BytesIO(base64.b64decode(text))).convert("L"))) for kind, text in data
    ]
    strip = np.concatenate([picture for kind, picture in pictures if kind == "strip"], axis=1)
    assert strip.shape == piece.score.strip.shape
    assert np.abs(strip.astype(int) - piece.score.strip).max() < 32  # 16 shades
    assert [picture.shape[0] for kind, picture in pictures if kind == "sound"] == [78] * len(piece.score.systems)


def test_what_checks_disagree_with_is_marked(piece: Piece, tmp_path: Path) -> None:
    page = page_of(with_wrong_pitch(piece), tmp_path / "page.html")
    assert page.count("class=wrong") == 1
    assert "height does not fit its pitch" in page
    assert page.count("class=unlike") == 1


def test_titles_are_escaped(piece: Piece, tmp_path: Path) -> None:
    page = page_of(replace(piece, score=replace(piece.score, title="<script>alert(1)</script>")), tmp_path / "a.html")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_any_performance_can_be_shown_and_none(piece: Piece, tmp_path: Path) -> None:
    assert "shown: p1" in page_of(piece, tmp_path / "page.html", performance="p1")
    assert "class=heard" not in page_of(replace(piece, performances=()), tmp_path / "page.html")
    with pytest.raises(CorpusError, match="expected one of p0, p1"):
        page_of(piece, tmp_path / "page.html", performance="p9")


def test_one_long_system_is_wrapped(piece: Piece, tmp_path: Path) -> None:
    score = piece.score
    systems = score.systems
    one = {name: getattr(systems, name)[:1] for name, _ in systems.columns()}
    one["strip_right_px"] = np.array([float(score.width_px)])
    single = replace(
        score,
        systems=replace(systems, **one),
        music=replace(
            score.notation,
            onsets=replace(score.onsets, system=0 * score.onsets.system),
            measures=replace(score.measures, system=0 * score.measures.system),
        ),
    )
    page = page_of(replace(piece, score=single), tmp_path / "page.html")
    assert page.count("<svg") == int(np.ceil(score.width_px / 1100))
    assert page.count("class=head ") == len(score.noteheads)


def test_a_contact_sheet_has_failing_pieces_first(tiny_pieces: list[Piece], tmp_path: Path) -> None:
    good, bad = tiny_pieces[0], with_wrong_pitch(tiny_pieces[1])
    reports: list[PieceReport] = []
    cards = {}
    for piece in (good, bad):
        report = verify_piece(piece, replace(CONFIG, least={}))
        reports.append(report)
        cards[piece.name] = draw_card(tmp_path, CONFIG, piece, report)
    reports.append(unreadable(tmp_path / "broken", "its file is missing"))
    path = write_contact_sheet(tmp_path, CorpusReport("tunes", "train", tuple(reports), CONFIG, cards))
    page = path.read_text()
    assert "3 pieces verified, 2 fail a check" in page
    headings = re.findall(r"<section class=(\w+)><h2>(.*?)</h2>", page)
    assert headings[-1] == ("passing", good.name)
    assert {name for kind, name in headings if kind == "failing"} == {bad.name, "broken"}
    assert "its file is missing" in page
    assert page.count("<svg") == 2
    assert (tmp_path / f"{good.name}.html").is_file()


def test_a_place_that_cannot_be_written_is_one_sentence(piece: Piece, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot make the folder"):
        page_of(piece, tmp_path / "file" / "page.html")
