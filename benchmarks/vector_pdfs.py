"""How well vector PDFs of engravers are read: systems, bars, and where noteheads lie on the strip.

    python benchmarks/vector_pdfs.py --source DATA [--pieces N] [--keep FOLDER]

Whole pages are engraved with Verovio (SVG, made a PDF by cairosvg) and with LilyPond (made a PDF by Ghostscript) from
pieces of the training and validation splits: tunes on one staff, and music on two and three. The engraver says where
staves, bars and heads are. A piece is right if all its systems and all their bars are. The distance of heads is that
between the place on the strip that the engraver's page gives them and the place on the strip that was read.
"""

import argparse
import copy
import re
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cairosvg
import numpy as np
import pypdfium2
import verovio

from standpartner.constants import STAFF_SPACING_PX, STRIP_HEIGHT_PX
from standpartner.corpus.store import read_split
from standpartner.errors import StandpartnerError
from standpartner.score import EngravingStyle
from standpartner.score.notation.drawing import Drawing, read_drawing
from standpartner.score.notation.lilypond.engraving import DrawnSystem, read_engraving
from standpartner.score.notation.lilypond.run import Deadline, run_lilypond
from standpartner.score.notation.lilypond.source import read_source
from standpartner.score.notation.text import read_notation
from standpartner.score.print.read import PrintReading, read_print

MM_PER_POINT = 25.4 / 72
SVG = "{http://www.w3.org/2000/svg}"
NEAR_PX = 2.0


@dataclass(frozen=True)
class EngravedSystem:
    """A system as its engraver drew it, in fractions of its page: box of the staff lines, heads (heads, 2), bars."""

    left: float
    top: float
    right: float
    bottom: float
    space: float  # the distance of staff lines as a fraction of the page's width
    staves: int
    bars: int
    heads: np.ndarray


@dataclass
class Tally:
    """What was read of one kind of PDF."""

    pieces: int = 0
    right_pieces: int = 0
    systems: int = 0
    right_systems: int = 0
    right_bars: int = 0
    doubted: int = 0
    unnoticed: int = 0
    heads: list[float] = field(default_factory=list)

    def add(self, true: list[EngravedSystem], reading: PrintReading, *, aspect: float) -> str:
        """Count a piece, and say what is wrong with it."""
        found = [system for page in reading.pages for system in page.systems]
        self.pieces, self.systems = self.pieces + 1, self.systems + len(true)
        staves = [(system.staves, other.staves) for system, other in zip(true, found, strict=False)]
        if len(found) != len(true) or any(is_ != should for should, is_ in staves):
            return f"staves of systems: {[s.staves for s in found]} instead of {[s.staves for s in true]}"
        self.right_systems += len(true)
        good = [system.bars == other.bars for system, other in zip(true, found, strict=True)]
        self.right_bars += sum(good)
        self.right_pieces += all(good)
        self.doubted += sum(system.doubt > 0.1 for system in found)
        self.unnoticed += sum(not right and system.doubt <= 0.1 for right, system in zip(good, found, strict=True))
        for number, system in enumerate(true):
            self.heads += head_distances(system, reading, number, aspect=aspect).tolist()
        return "; ".join(
            f"system {number}: {other.bars} bars instead of {system.bars}, doubt {other.doubt:.2f}"
            for number, (system, other, right) in enumerate(zip(true, found, good, strict=True), start=1)
            if not right
        )

    def row(self, name: str) -> str:
        """A row of the table."""
        heads = np.array(self.heads or [np.nan])
        return (
            f"| {name} | {self.right_pieces} of {self.pieces} | {self.right_systems} of {self.systems} "
            f"| {self.right_bars} of {self.systems} | {self.doubted} | {self.unnoticed} "
            f"| {(heads < NEAR_PX).mean():.4f} "
            f"| {np.nanpercentile(heads, 99):.2f} | {heads.max():.2f} |"
        )


def head_distances(true: EngravedSystem, reading: PrintReading, number: int, *, aspect: float) -> np.ndarray:
    """Distances in strip px between the engraver's heads of a system and where the strip that was read has them.

    The engraver's own strip begins at the left end of the staves, with the outermost lines about its middle row.
    """
    system = [system for page in reading.pages for system in page.systems][number]
    table = reading.score.systems
    (left, top), _, (right, bottom), _ = system.corners
    across = system.left_px + (true.heads[:, 0] - left) / (right - left) * (system.right_px - system.left_px)
    down = system.top_px + (true.heads[:, 1] - top) / (bottom - top) * (system.bottom_px - system.top_px)
    box = table.page_left_px[number], table.page_top_px[number]
    size = table.page_right_px[number] - box[0], table.page_bottom_px[number] - box[1]
    width = table.strip_right_px[number] - table.strip_left_px[number]
    x, y = (across - box[0]) / size[0] * width, (down - box[1]) / size[1] * STRIP_HEIGHT_PX
    scale = STAFF_SPACING_PX / true.space
    own_x = (true.heads[:, 0] - true.left) * scale
    own_y = STRIP_HEIGHT_PX / 2 + (true.heads[:, 1] - (true.top + true.bottom) / 2) * scale * aspect
    followed = system.followed[1] - system.followed[0] + 1
    if followed < true.staves:  # the rows of the others are not on the strip
        return np.asarray(np.abs(x - own_x))
    return np.asarray(np.hypot(x - own_x, y - own_y))


def verovio_pdf(notation: Path, folder: Path, *, seed: int) -> tuple[list[Path], list[EngravedSystem], float]:
    """Engrave pages with Verovio: one PDF a page, the systems, and a page's height by its width."""
    music = read_notation(notation)
    style = EngravingStyle.draw(seed)
    toolkit = verovio.toolkit()
    layout = {"pageWidth": 2100, "pageHeight": 2970, "footer": "none", "header": "none", "breaks": "auto"}
    toolkit.setOptions({**style.options(), **layout, "inputFrom": music.kind, "xmlIdSeed": 1, "smuflTextFont": "none"})
    if not toolkit.loadData(music.text):
        raise ValueError(f"Verovio cannot read {notation.name}")
    paths, systems = [], []
    for number in range(toolkit.getPageCount()):
        svg = toolkit.renderToSVG(number + 1)
        paths.append(folder / f"page-{number:03}.pdf")
        cairosvg.svg2pdf(bytestring=svg.encode(), write_to=str(paths[-1]))
        systems += [verovio_system(drawing, bars) for drawing, bars in systems_of_page(svg, font=style.font)]
    return paths, systems, 2970 / 2100


def systems_of_page(svg: str, *, font: str) -> Iterator[tuple[Drawing, int]]:
    """The systems of a page of Verovio's SVG, each as if it stood alone, and their bars."""
    page = ET.fromstring(svg)  # noqa: S314 (Verovio's own output)

    def places(tree: ET.Element) -> list[tuple[ET.Element, ET.Element]]:
        return [(over, group) for over in tree.iter() for group in over if group.get("class", "") == "system"]

    for keep in range(len(places(page))):
        alone = copy.deepcopy(page)
        for index, (over, group) in enumerate(places(alone)):
            if index != keep:
                over.remove(group)
        text = ET.tostring(alone, encoding="unicode").replace("xmlns:ns0=", "xmlns=").replace("ns0:", "")
        yield read_drawing(text, font=font), bars_of(alone)


def bars_of(system: ET.Element) -> int:
    """How many bars a system has: a barline that is not drawn ends none; the next measure may draw it as its left."""
    measures = [group for group in system.iter(f"{SVG}g") if group.get("class", "").split()[:1] == ["measure"]]
    lines = [[len(g) > 0 for g in measure.iter(f"{SVG}g") if g.get("class", "") == "barLine"] for measure in measures]
    rights = [any(drawn[-1:]) for drawn in lines]
    lefts = [any(drawn[:-1]) for drawn in lines[1:]]
    return sum(right or left for right, left in zip(rights, [*lefts, True], strict=True))


def verovio_system(drawing: Drawing, bars: int) -> EngravedSystem:
    """A system's truth from its drawing."""
    size = np.array([drawing.width, drawing.height])
    return EngravedSystem(
        left=drawing.left / size[0],
        top=drawing.top / size[1],
        right=drawing.right / size[0],
        bottom=drawing.bottom / size[1],
        space=180 / size[0],
        staves=drawing.staves,
        bars=bars,
        heads=np.array([(head.x, head.y) for head in drawing.heads]).reshape(-1, 2) / size,
    )


def lilypond_pdf(source: Path, folder: Path) -> tuple[list[Path], list[EngravedSystem], float]:
    """Engrave pages with LilyPond: the PDF, the systems, and a page's height by its width."""
    deadline = Deadline(200)
    output = run_lilypond(read_source(source), folder, deadline=deadline, name=source.name, play_print=False)
    pdf = folder / "pages.pdf"
    command = ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=pdfwrite", f"-sOutputFile={pdf}"]
    deadline.run([*command, output.postscript.name], folder, name=source.name)
    engraving = read_engraving(output.report)
    document = pypdfium2.PdfDocument(pdf)
    width, height = (points * MM_PER_POINT / engraving.space_mm for points in document[0].get_size())
    document.close()
    systems = [lilypond_system(system, width, height) for system in engraving.systems]
    return [pdf], systems, height / width


def lilypond_system(system: DrawnSystem, width: float, height: float) -> EngravedSystem:
    """A system's truth from LilyPond's report: a bar starts at each barline between its first head and its end."""
    first = min(head.x for head in system.heads)  # a repeat sign may stand before all heads
    starts = {round(bar.x, 1) for bar in system.bars if first < bar.x < system.right - 1}
    return EngravedSystem(
        left=system.left / width,
        top=system.top / height,
        right=system.right / width,
        bottom=system.bottom / height,
        space=1 / width,
        staves=len(system.staff_tops),
        bars=len(starts) + 1,
        heads=np.array([(head.x / width, head.y / height) for head in system.heads]).reshape(-1, 2),
    )


def tunes(source: Path, folder: Path, count: int) -> list[Path]:
    """Tunes of the training and validation splits as files of their own."""
    split = read_split("nottingham")
    found = []
    for book in sorted((source / "nottingham" / "ABC_cleaned").glob("*.abc")):
        for number, text in enumerate(re.split(r"\n(?=X:)", book.read_text(errors="replace")), start=1):
            names = [name for name in split if name.startswith(f"{book.stem}-{number:03}-")]
            if names and split[names[0]][0] != "test":
                found.append((names[0], text))
    paths = []
    for index in np.random.default_rng(15).permutation(len(found))[:count]:
        name, text = found[index]
        path = folder / f"{name}.abc"
        path.write_text(text)
        paths.append(path)
    return paths


def kern(source: Path, staves: int, count: int) -> list[Path]:
    """Humdrum files of the training and validation splits with so many staves."""
    split = read_split("humdrum")
    files = [
        source / "kern" / f"{name.replace('__', '/', 1)}.krn" for name, (part, _) in split.items() if part != "test"
    ]
    fit = [file for file in files if file.is_file() and _staves_of(file) == staves]
    return [fit[index] for index in np.random.default_rng(15).permutation(len(fit))[:count]]


def _staves_of(file: Path) -> int:
    for line in file.read_text(errors="replace").splitlines():
        if line.startswith("**"):
            return line.split("\t").count("**kern")
    return 0


def lilypond_files(source: Path, count: int) -> list[Path]:
    """LilyPond files of the training and validation splits."""
    rows = (source / "mutopia" / "msmd_pieces.tsv").read_text().splitlines()[1:]
    split = read_split("msmd")
    files = [row.split("\t") for row in rows]
    paths = [source / "mutopia" / file for _, name, file in files if split.get(name, ("test",))[0] != "test"]
    paths = [path for path in paths if path.is_file()]
    return [paths[index] for index in np.random.default_rng(15).permutation(len(paths))[:count]]


def main() -> None:
    """Engrave, read, compare, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="Folder with kern/, nottingham/ and mutopia/.")
    parser.add_argument("--pieces", type=int, default=20, help="How many pieces of each kind are engraved.")
    parser.add_argument("--kinds", help="Some kinds, with commas between.")
    parser.add_argument("--keep", type=Path, help="Folder for PDFs that were not read right.")
    options = parser.parse_args()
    tallies: dict[str, Tally] = {}
    with tempfile.TemporaryDirectory() as place:
        kinds = {
            "Verovio, 1 staff": tunes(options.source, Path(place), options.pieces),
            "Verovio, 2 staves": kern(options.source, 2, options.pieces),
            "Verovio, 3 staves": kern(options.source, 3, options.pieces),
            "LilyPond, keyboard": lilypond_files(options.source, options.pieces),
        }
        for kind in options.kinds.split(";") if options.kinds else kinds:
            tallies[kind] = Tally()
            for seed, path in enumerate(kinds[kind]):
                words = read_one(path, tallies[kind], seed=seed, keep=options.keep)
                if words:
                    print(f"{kind}, {seed}, {path.name}: {words}", flush=True)
    print("| PDF | pieces right | systems | bars | in doubt | wrong without doubt | heads < 2 px | 99 % | most |")
    print("|---|---|---|---|---:|---:|---:|---:|---:|")
    for kind, tally in tallies.items():
        print(tally.row(kind))


def read_one(path: Path, tally: Tally, *, seed: int, keep: Path | None) -> str:
    """Engrave and read one piece; returns what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            made = (
                lilypond_pdf(path, Path(folder)) if path.suffix == ".ly" else verovio_pdf(path, Path(folder), seed=seed)
            )
        except (StandpartnerError, ValueError) as error:
            return f"left out: {error}"
        pdfs, systems, aspect = made
        words = tally.add(systems, read_print(pdfs), aspect=aspect)
        if words and keep:
            keep.mkdir(parents=True, exist_ok=True)
            for pdf in pdfs:
                (keep / f"{path.stem}-{pdf.stem}.pdf").write_bytes(pdf.read_bytes())
        return words


if __name__ == "__main__":
    main()
