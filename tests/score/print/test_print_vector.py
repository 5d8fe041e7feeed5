"""Vector pages: staves and barlines are taken from the lines that a PDF draws."""

import numpy as np
import pypdfium2
import pytest

from standpartner.score.print.files import open_pages
from standpartner.score.print.picture import straight_pages
from standpartner.score.print.staves import Staff, find_staves
from standpartner.score.print.systems import find_systems
from standpartner.score.print.vector import VectorLines, vector_lines
from standpartner.score.print.vector_staves import are_level, exact_staves, vector_strokes

TOPS = (100.0, 160.0)  # of two staves, whose lines are 5 apart
LINES = [f"0.5 w 50 {842 - top - 5 * k} m 545 {842 - top - 5 * k} l S" for top in TOPS for k in range(5)]


def upright(x, first, last):
    return f"1 w {x} {842 - first} m {x} {842 - last} l S"


def pdf(content, *, page="", form=None):
    """A PDF of one page that draws `content`, or `form` through a form XObject; `page` is put into its dictionary."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] {page} /Contents 4 0 R "
        "/Resources << /XObject << /F 5 0 R >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        f"<< /Type /XObject /Subtype /Form /BBox [0 0 9999 9999] /Matrix [1 0 0 1 20 0] /Length {len(form or '')} >>\n"
        f"stream\n{form or ''}\nendstream",
    ]
    text, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(text))
        text += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (
        f"{text}xref\n0 6\n0000000000 65535 f \n{table}trailer << /Size 6 /Root 1 0 R >>\nstartxref\n{len(text)}\n%%EOF"
    ).encode()


def lines_of(data):
    document = pypdfium2.PdfDocument(data)
    page = document[0]
    lines = vector_lines(page)
    page.close()
    document.close()
    return lines


@pytest.mark.parametrize(
    ("data", "across", "upright"),
    [
        (pdf("2 w 100 800 m 300 800 l S"), [(100, 300, 42)], []),
        (pdf("100 799 200 2 re f 40 500 3 60 re f"), [(100, 300, 42)], [(282, 342, 41.5, 3)]),
        (pdf("q .5 0 0 .5 10 0 cm /F Do Q", form="4 w 100 800 m 300 800 l S"), [(70, 170, 442)], []),
        (pdf("2 w 100 800 m 300 800 l S", page="/Rotate 90"), [], [(100, 300, 800, 2)]),
        (pdf("2 w 100 800 m 300 800 l S", page="/CropBox [50 42 595 842]"), [(50, 250, 42)], []),
        (pdf("10 10 m 90 10 90 90 10 90 c S 10 10 50 40 re f"), [], []),
    ],
    ids=["stroke", "rectangles", "form", "turned", "cropped", "curve and block"],
)
def test_lines_are_where_the_page_shows_them(data, across, upright):
    lines = lines_of(data)
    np.testing.assert_allclose(lines.across, np.array(across).reshape(-1, 3), atol=0.02)
    np.testing.assert_allclose(lines.upright, np.array(upright).reshape(-1, 4), atol=0.02)


def test_a_page_with_a_large_picture_has_no_lines():
    image = "q 500 0 0 700 50 50 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x7f EI Q"
    assert lines_of(pdf("\n".join([*LINES, image]))) is None
    small = image.replace("500 0 0 700", "50 0 0 70")
    assert len(lines_of(pdf("\n".join([*LINES, small]))).across) == len(LINES)


def staves_seen(off_px):
    return [Staff(np.array([51.0, 543.0]), np.full(2, top + 10 + off_px), 51.0, 543.0, 5.02, 1.0, 1.0) for top in TOPS]


def test_staves_are_put_where_they_are_drawn():
    lines = lines_of(pdf("\n".join(LINES)))
    exact = exact_staves(lines, staves_seen(0.7))
    for staff, top in zip(exact, TOPS, strict=True):
        assert staff.is_exact
        np.testing.assert_allclose([staff.left_px, staff.right_px, staff.level_px], [50, 545, top + 10], atol=0.02)
        assert staff.spacing_px == pytest.approx(5, abs=0.01)
    assert are_level(lines, 595)


def test_staff_lines_may_be_drawn_bar_by_bar():
    pieces = [line.replace("545", "300") for line in LINES] + [line.replace("50 ", "299.8 ", 1) for line in LINES]
    exact = exact_staves(lines_of(pdf("\n".join(pieces))), staves_seen(0.0))
    assert [round(staff.right_px) for staff in exact] == [545, 545]


def test_a_staff_that_is_not_drawn_stays_as_it_was_seen():
    lines = lines_of(pdf("\n".join(LINES[:9])))
    upper, lower = exact_staves(lines, staves_seen(0.5))
    assert upper.is_exact
    assert (lower.is_exact, lower.level_px, lower.spacing_px) == (False, TOPS[1] + 10.5, 5.02)
    assert not exact_staves(VectorLines(np.empty((0, 3)), np.empty((0, 4))), [lower])[0].is_exact


def test_barlines_end_at_the_outer_lines_and_stems_do_not():
    strokes = [
        upright(50, 100, 180),  # the opening one, in one piece
        *(upright(200, *ends) for ends in ((100, 120), (120, 160), (160, 180))),  # staff by staff
        *(upright(300, *ends) for ends in ((100, 130), (150, 180))),  # a gap for a word
        upright(350, 101.2, 180),  # a stem from staff to staff, from a head above
        upright(400, 100, 120),  # over one staff only
        *(upright(450, *ends) for ends in ((100, 115), (160, 180))),  # no line over all of the upper staff
        upright(500, 100, 184),  # goes on below the last line
    ]
    lines = lines_of(pdf("\n".join([*LINES, *strokes])))
    found = vector_strokes(lines, exact_staves(lines, staves_seen(0.0)))
    np.testing.assert_allclose(found.barlines_px, [(x - 0.5, x + 0.5) for x in (50, 200, 300)], atol=0.02)
    np.testing.assert_allclose(found.stems_px, [350, 400, 450, 500], atol=0.02)


def test_a_vector_page_is_read_by_what_it_draws(tmp_path):
    strokes = [
        *(upright(x, 100, 180) for x in (50, 250, 350, 545)),
        *(upright(150, *ends) for ends in ((100, 124), (156, 180))),
        upright(450, 101, 179),  # the pixels of a page hardly tell it from a barline
    ]
    path = tmp_path / "page.pdf"
    path.write_bytes(pdf("\n".join([*LINES, *strokes])))
    (page,) = (page for source in open_pages(path, max_pages=1) for page in straight_pages(source))
    (system,), _ = find_systems(page, exact_staves(page.lines, find_staves(page.ink, page.scale)))
    scale = page.paper.shape[1] / 595
    np.testing.assert_allclose(np.array(system.bars.ends_px) / scale, [150.5, 250.5, 350.5, 545], atol=0.5)
    assert system.group.left_px / scale == pytest.approx(50, abs=0.05)
