"""Files that are no ordinary scans of piano music, made here: what a user may give by mistake."""

import io
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw

from standpartner.score import MusicChoice, read_score

LOCKED = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>endobj\n"
    b"4 0 obj<</Filter/Standard/V 1/R 2/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">/P -4>>endobj\n"
    b"trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<41><41>]/Size 5>>\n%%EOF\n"
)


def pdf_of(pages: int, words: str = "") -> bytes:
    """A PDF of pages that are empty or hold a text."""
    kids = b" ".join(b"%d 0 R" % number for number in range(5, 5 + pages))
    lines = b"".join(b"(%s) Tj 0 -14 Td " % line.encode() for line in words.splitlines())
    stream = b"BT /F1 11 Tf 72 720 Td " + lines + b"ET"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 3 0 R/Resources<</Font<</F1 4 0 R>>>>>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[" + kids + b"]/Count %d>>" % pages,
        b"<</Length %d>>stream\n" % len(stream) + stream + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        *[page] * pages,
    ]
    body = b"".join(b"%d 0 obj%s endobj\n" % (number, content) for number, content in enumerate(objects, start=1))
    return b"%PDF-1.4\n" + body + b"trailer<</Root 1 0 R/Size %d>>\n%%%%EOF\n" % (len(objects) + 1)


def bomb() -> bytes:
    """A small PNG that says it is 100 000 px wide and high."""
    header = b"IHDR" + (100_000).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    chunks = [header, b"IDAT" + zlib.compress(bytes(100_000)), b"IEND"]
    framed = [(len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big") for chunk in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def photo() -> PilImage.Image:
    """A picture like a photo of a cat: soft shapes, hair, uneven light."""
    rng = np.random.default_rng(7)
    picture = cv2.GaussianBlur(rng.normal(0, 60, (900, 1200)).astype(np.float32), (0, 0), 3) * 4 + 120
    for centre, axes, shade in (((600, 560), (330, 240), -50), ((600, 300), (170, 150), -70)):
        cv2.ellipse(picture, centre, axes, 0, 0, 360, 150.0 + shade, -1)
    for x in (500, 700):
        cv2.fillPoly(picture, [np.array([[x - 60, 220], [x, 90], [x + 60, 220]])], 70.0)
    for number in range(900):
        x, y = (int(value) for value in rng.integers(200, 1000, 2))
        end = (x + int(rng.integers(-25, 25)), y + int(rng.integers(5, 30)))
        cv2.line(picture, (x, min(y, 899)), end, float(60 + number % 120), 1)
    light = np.linspace(0.7, 1.2, 1200)[None]
    return PilImage.fromarray(np.clip(picture * light, 0, 255).astype(np.uint8)).convert("RGB")


def tablature() -> PilImage.Image:
    """Guitar tablature: six lines with numbers on them."""
    picture = PilImage.new("L", (1600, 1100), 255)
    draw = ImageDraw.Draw(picture)
    rng = np.random.default_rng(2)
    for top in range(100, 1000, 220):
        for line in range(6):
            draw.line((80, top + 20 * line, 1520, top + 20 * line), fill=0, width=2)
        for x in range(80, 1530, 360):
            draw.line((x, top, x, top + 100), fill=0, width=2)
        for x in range(130, 1500, 60):
            y = top + 20 * int(rng.integers(6))
            draw.rectangle((x - 8, y - 9, x + 10, y + 9), fill=255)
            draw.text((x - 6, y - 9), str(rng.integers(13)), fill=0, font_size=18)
    return picture


def lead_sheet(folder: Path) -> PilImage.Image:
    """A melody with chord symbols and words under it, engraved."""
    text = "X:1\nT:Lead sheet\nM:4/4\nL:1/4\nK:G\n" + (
        '"G"GABc|"D7"d2d2|"Em"edcB|"C"A4|\nw:one two three four five six sev-en eight nine ten e-lev-en\n' * 6
    )
    return _engraved(folder, "lead.abc", text)


def orchestra(folder: Path, parts: int = 4) -> PilImage.Image:
    """A page of a full score."""
    numbers = [f"P{number}" for number in range(1, parts + 1)]
    listed = "".join(f'<score-part id="{name}"><part-name>Part {name}</part-name></score-part>' for name in numbers)
    head = (
        "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>"
        "<clef><sign>G</sign><line>2</line></clef></attributes>"
    )
    note = "<note><pitch><step>{}</step><octave>5</octave></pitch><duration>1</duration><type>quarter</type></note>"
    bar = "".join(note.format(step) for step in "CEGC")
    bars = "".join(f'<measure number="{k}">{head if k == 1 else ""}{bar}</measure>' for k in range(1, 13))
    music = "".join(f'<part id="{name}">{bars}</part>' for name in numbers)
    text = f'<score-partwise version="3.1"><part-list>{listed}</part-list>{music}</score-partwise>'
    return _engraved(folder, "orchestra.musicxml", text, choice=MusicChoice(part="all"))


def handwriting(folder: Path) -> PilImage.Image:
    """A page drawn as by hand, roughly: shaky lines, an unsteady pen."""
    page = np.asarray(_engraved(folder, "hand.abc", "X:1\nM:2/4\nL:1/8\nK:C\n" + "cdef|g2e2|\n" * 8))
    rng = np.random.default_rng(3)
    height, width = page.shape
    shake = [cv2.GaussianBlur(rng.normal(0, 1, page.shape).astype(np.float32), (0, 0), 12) for _ in range(2)]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    moved = cv2.remap(page, x + 90 * shake[0], y + 90 * shake[1], cv2.INTER_LINEAR, borderValue=255)
    pen = cv2.GaussianBlur(rng.normal(0, 1, page.shape).astype(np.float32), (0, 0), 3) * 8
    return PilImage.fromarray(np.where(cv2.erode(moved, np.ones((2, 2))) < 120 + 40 * pen, 30, 245).astype(np.uint8))


def _engraved(folder: Path, name: str, text: str, choice: MusicChoice | None = None) -> PilImage.Image:
    (folder / name).write_text(text)
    return PilImage.fromarray(read_score(folder / name, choice=choice or MusicChoice()).pages[0])


LETTER = "Dear Clara,\nthe menuet is in G, and the left hand may rest.\n" * 12


def write_all(folder: Path) -> dict[str, Path]:
    """Write every case into a folder: what it is, and its file."""
    (folder / "notation").mkdir()
    notation = folder / "notation"
    files: dict[str, tuple[str, bytes | PilImage.Image]] = {
        "locked with a password": ("locked.pdf", LOCKED),
        "no pages": ("nothing.pdf", pdf_of(0)),
        "1 000 pages": ("book.pdf", pdf_of(1_000)),
        "20 000 px wide and high": ("poster.png", PilImage.new("1", (20_000, 20_000), 1)),
        "a decompression bomb": ("bomb.png", bomb()),
        "a text": ("letter.pdf", pdf_of(1, LETTER)),
        "a photo of a cat": ("cat.jpg", photo()),
        "tablature": ("guitar.png", tablature()),
        "a lead sheet": ("song.png", lead_sheet(notation)),
        "a full score of 4 staves": ("orchestra.png", orchestra(notation)),
        "handwriting": ("hand.png", handwriting(notation)),
    }
    paths = {}
    for what, (name, content) in files.items():
        data = io.BytesIO()
        if isinstance(content, PilImage.Image):
            content.save(data, format="JPEG" if name.endswith("jpg") else "PNG")
        (folder / name).write_bytes(content if isinstance(content, bytes) else data.getvalue())
        paths[what] = folder / name
    return paths
