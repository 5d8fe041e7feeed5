import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import TiffImagePlugin

from standpartner.errors import ScoreError
from standpartner.score.print.files import is_print, list_files, open_pages, page_scale


def draw_all(path, *, max_pages=60):
    return [page.draw(page_scale(page)) for page in open_pages(path, max_pages=max_pages)]


@pytest.fixture
def page(tmp_path):
    grey = np.full((400, 300), 255, np.uint8)
    grey[100:110, 50:250] = 0
    return PilImage.fromarray(grey)


def test_names_are_put_in_the_order_of_their_numbers(tmp_path, page):
    for name in ("p10.png", "p2.png", "p1.JPG", ".hidden.png", "notes.txt"):
        page.convert("L").save(tmp_path / name, format="PNG")
    assert [file.name for file in list_files([tmp_path])] == ["p1.JPG", "p2.png", "p10.png"]


def test_a_folder_within_a_folder_is_no_page_and_a_link_that_leads_nowhere_is_missing(tmp_path, page):
    (tmp_path / "old.png").mkdir()
    page.save(tmp_path / "p1.png")
    assert [file.name for file in list_files([tmp_path])] == ["p1.png"]
    (tmp_path / "p2.png").symlink_to(tmp_path / "absent.png")
    with pytest.raises(ScoreError, match=r"There is no file .*p2\.png; check the name"):
        list_files([tmp_path])


def test_notation_is_not_taken_for_print(tmp_path):
    assert is_print(tmp_path / "a.PDF")
    assert is_print(tmp_path)
    assert not is_print(tmp_path / "a.krn")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_pictures_of_every_kind_show_the_same(tmp_path, page, kind):
    path = tmp_path / f"page.{kind.lower()}"
    page.save(path, format=kind)
    (grey,) = draw_all(path)
    assert grey.shape == (2667, 2000)
    assert grey[700, 1000] < 60
    assert grey[300, 1000] > 240


def test_a_picture_is_turned_as_its_camera_says(tmp_path, page):
    path = tmp_path / "page.jpg"
    exif = PilImage.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    page.save(path, exif=exif)
    (grey,) = draw_all(path)
    assert grey.shape[1] > grey.shape[0]


def test_what_is_transparent_is_paper(tmp_path):
    path = tmp_path / "page.png"
    PilImage.new("RGBA", (100, 150), (0, 0, 0, 0)).save(path)
    assert draw_all(path)[0].min() == 255


def test_every_frame_of_a_tiff_is_a_page(tmp_path, page):
    path = tmp_path / "pages.tif"
    page.save(path, save_all=True, append_images=[page, page])
    assert len(draw_all(path)) == 3
    with pytest.raises(ScoreError, match="has 3 pages; at most 2"):
        draw_all(path, max_pages=2)


def test_smaller_versions_of_a_page_in_a_tiff_are_no_pages(tmp_path, page):
    path = tmp_path / "pyramid.tif"
    with TiffImagePlugin.AppendingTiffWriter(path, new=True) as file:
        for size in ((300, 400), (150, 200), (19, 25)):
            page.resize(size).save(file, format="TIFF", tiffinfo={254: int(size[0] < 300)})
            file.newFrame()
    assert [source.size for source in open_pages(path, max_pages=60)] == [(300, 400)]
    page.save(path, format="TIFF", tiffinfo={254: 1})  # what is made smaller is the page where it is alone
    assert [source.size for source in open_pages(path, max_pages=60)] == [page.size]


def test_a_photo_with_a_preview_is_one_page(tmp_path, page):
    path = tmp_path / "photo.jpg"
    page.save(path, format="MPO", save_all=True, append_images=[page.resize((150, 200))])
    with PilImage.open(path) as photo:
        assert (photo.format, photo.n_frames) == ("MPO", 2)
    assert len(draw_all(path)) == 1


def test_a_pdf_is_drawn_by_its_width_whatever_its_dots_per_inch(tmp_path, page):
    for number, dots in enumerate((10, 600)):
        path = tmp_path / f"{number}.pdf"
        page.save(path, resolution=dots)
        assert draw_all(path)[0].shape == (2667, 2000)


def test_sixteen_bits_are_read(tmp_path):
    path = tmp_path / "deep.png"
    PilImage.fromarray(np.full((200, 100), 40_000, np.uint16)).save(path)
    assert draw_all(path)[0].mean() == pytest.approx(155, abs=2)


def test_fractions_of_white_are_read(tmp_path):
    path = tmp_path / "fractions.tif"
    PilImage.fromarray(np.full((200, 100), 0.6, np.float32)).save(path)
    assert draw_all(path)[0].mean() == pytest.approx(153, abs=2)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.pdf", b"", "is empty"),
        ("broken.pdf", b"%PDF-1.4\nnonsense", "is no PDF or is damaged"),
        ("text.png", b"no picture at all", "is no picture or is damaged"),
        ("cut.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x90\0\0\0\x90\x08\0\0\0\0", "damaged"),
    ],
)
def test_bad_files_get_one_sentence(tmp_path, name, data, words):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ScoreError, match=words):
        draw_all(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.png"
    PilImage.new("1", (40_000, 20_000)).save(path)
    with pytest.raises(ScoreError, match="40000 x 20000 px"):
        draw_all(path)


def test_tiny_pictures_missing_files_and_other_kinds_are_refused(tmp_path):
    PilImage.new("L", (20, 20)).save(tmp_path / "tiny.png")
    with pytest.raises(ScoreError, match="too small"):
        draw_all(tmp_path / "tiny.png")
    with pytest.raises(ScoreError, match="There is no file"):
        list_files([tmp_path / "absent.pdf"])
    (tmp_path / "a.docx").write_bytes(b"x")
    with pytest.raises(ScoreError, match=r"a\.docx is no picture"):
        list_files([tmp_path / "a.docx"])
    (tmp_path / "folder").mkdir()
    with pytest.raises(ScoreError, match="holds no PDF or picture"):
        list_files([tmp_path / "folder"])
