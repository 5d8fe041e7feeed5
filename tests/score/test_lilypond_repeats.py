r"""The orders of LilyPond scores, however the file writes its signs; a repeat sign within a bar divides it."""

import pytest

from standpartner.score import Score, passages, read_score

PIECE = r"""\version "2.24.0"
\paper { indent = 0 ragged-right = ##t }
\score { \new PianoStaff << \new Staff { %s } \new Staff { \clef bass %s } >> \layout { } \midi { } }
"""
LINES = r"""c''1 \bar ".|:" d''1 \bar ":..:" e''1 \bar ":|." """
WORDS = r"""c''1 d''1 \mark "Fine" e''1 f''1_"D.C. al Fine" """
CODA = r"""c''1 d''1 \repeat segno 2 { e''1 f''1 \alternative { \volta 1 { g''1 } \volta 2 \volta #'() {
  \section \sectionLabel "Coda" } } } a''1 """
TWO = r"\repeat volta 2 { c''1 d''1 } e''1"


def read(tmp_path, right: str, left: str, *, more: str = "") -> Score:
    path = tmp_path / "piece.ly"
    path.write_text(PIECE % (right, left) + more)
    return read_score(path, trusted=True)


def played(score: Score) -> list[list[tuple[int, int]]]:
    return [passages(order.measures) for order in score.notation.orders]


@pytest.mark.needs("lilypond")
@pytest.mark.parametrize(
    ("right", "left", "ranges"),
    [
        pytest.param(TWO, "c1 c c", [[(0, 1), (0, 2)]], id="repeat volta"),
        pytest.param(LINES, "c1 c c", [[(0, 1), (1, 2), (2, 2)]], id="by bar lines"),
        pytest.param(r"\repeat volta 3 { c''1 } \alternative { \volta 1,2 { d''1 \break d''1 } \volta 3 { e''1 } }",
                     "c1 c c c", [[(0, 2), (0, 2), (0, 0), (3, 3)]], id="an ending over two systems"),
        pytest.param(WORDS, "c1 c c c", [[(0, 3), (0, 1)]], id="words"),
        pytest.param(CODA, "c1 c c c c c", [[(0, 4), (2, 3), (5, 5)]], id="dal segno al coda"),
    ],
)  # fmt: skip
def test_orders(tmp_path, right, left, ranges) -> None:
    assert played(read(tmp_path, right, left)) == ranges


@pytest.mark.needs("lilypond")
def test_a_repeat_sign_divides_a_bar(tmp_path) -> None:
    right = r"\partial 4 c''4 \repeat volta 2 { d''2. e''4 | f''2. } g''4 | a''1"
    score = read(tmp_path, right, r"\partial 4 r4 c1 c2. c4 c1")
    assert score.measures.label.tolist() == ["0", "1", "2", "2", "3"]
    assert score.measures.quarter.tolist() == [0, 1, 5, 8, 9]
    assert played(score) == [[(0, 2), (1, 4)]]
    assert score.printed_jumps[0].target_px == score.measures.strip_left_px[1]
    assert score.printed_jumps[0].source_px == score.measures.strip_right_px[2]


@pytest.mark.needs("lilypond")
def test_repeats_stay_within_their_score(tmp_path) -> None:
    second = PIECE.split("\n", 2)[2] % (r"""g''1 a''1 \bar ":|." b''1""", "c1 c c")
    assert played(read(tmp_path, TWO, "c1 c c", more=second)) == [[(0, 1), (0, 4), (3, 5)]]
