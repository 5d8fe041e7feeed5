"""From files of pages to a `Score`: each file is read in a child process with limits of time and memory."""

import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from standpartner.constants import STAFF_SPACING_PX
from standpartner.errors import BrokenOffError, MemoryLimitError, ScoreError, TimeLimitError, ToolError
from standpartner.score.model import Image, Printed, Score
from standpartner.score.print.files import list_files
from standpartner.score.print.layout import PageLayout, SystemLayout, page_of, read_layout
from standpartner.score.print.tone import lighten
from standpartner.score.tables import Bars, Systems
from standpartner.support.children import Limits, call_apart

MEMORY_BYTES: Final = 2_000_000_000
_WATCH_S: Final = 0.5
READ_FILE: Final = "standpartner.score.print.reading:read_file"


@dataclass(frozen=True)
class PrintOptions:
    """How files of pages are read.

    Attributes:
        max_pages: Pages above which a score is refused.
        time_limit_s: Seconds after which reading a file is given up.
        layout: A corrected `layout.json`, or None to find systems and bars.
        first_measure: Number of the first bar.
        even_tone: Whether heavy ink is made lighter on the strip, see `standpartner.score.print.tone`.
    """

    max_pages: int = 60
    time_limit_s: float = 240
    layout: Path | None = None
    first_measure: int = 1
    even_tone: bool = True


@dataclass(frozen=True)
class PrintReading:
    """What was read: the score, and where systems and bars are on its pages."""

    score: Score
    pages: tuple[PageLayout, ...]


@dataclass(frozen=True)
class _Cut:
    """A system's place on its page and on its strip."""

    page: int
    system: SystemLayout
    width: int
    scale: float
    top_px: float
    bottom_px: float

    @property
    def staves(self) -> int:
        """The number of staves on its strip."""
        first, last = self.system.followed
        return last - first + 1

    def strip_x(self, page_x_px: float) -> float:
        """The place on the system's own strip of a place on the page."""
        return float(np.clip((page_x_px - self.system.left_px) / self.scale, 0, self.width))


def read_print(
    paths: Sequence[str | Path],
    options: PrintOptions | None = None,
    *,
    progress: Callable[[int], None] | None = None,
) -> PrintReading:
    """Read pictures of pages (PDF, scans, photos) as a score.

    Args:
        paths: Files in order, or folders of them.
        options: How they are read.
        progress: The function that is called, from another thread, with the number of pages that have been read.

    Raises:
        ScoreError: A file is missing, damaged or too large, no staves are found, or the layout is of other files.
        MissingExtraError: A HEIC photo is given, and what reads those is not installed.
    """
    options = options or PrintOptions()
    files = list_files([Path(path) for path in paths])
    given = None if options.layout is None else _layout_of(files, options.layout)
    images: list[Image] = []
    strips: list[Image] = []
    layouts: list[PageLayout] = []
    cuts: list[_Cut] = []
    for file in files:
        with tempfile.TemporaryDirectory(prefix="standpartner-") as folder:
            with _watched(Path(folder), len(images), progress):
                read = _read_apart(file, folder, options, given)
            for number, (layout, sizes) in enumerate(read):
                images.append(np.load(Path(folder) / f"page-{number}.npy", allow_pickle=False))
                strips.append(np.load(Path(folder) / f"strip-{number}.npy", allow_pickle=False))
                cuts += [
                    _Cut(len(layouts), system, int(width), scale, top, bottom)
                    for system, (width, scale, top, bottom) in zip(layout.systems, sizes, strict=True)
                ]
                layouts.append(layout)
        if len(images) > options.max_pages:
            raise ScoreError(
                f"The score has {len(images)} pages or more; at most {options.max_pages} are followed; raise "
                "--max-pages or split it."
            )
    if not cuts:
        raise ScoreError(
            f"No staves were found on {_names(files)}: give sharp pictures of whole pages of printed music; "
            "handwriting and tablature cannot be followed."
        )
    score = Score(
        title=files[0].stem,
        strip=_strip(strips, cuts, even_tone=options.even_tone),
        pages=tuple(images),
        page_scale=float(np.median([layout.spacing_px for layout in layouts])) / STAFF_SPACING_PX,
        systems=_systems(cuts),
        music=_music(cuts, options.first_measure),
    )
    return PrintReading(score, tuple(layouts))


def _layout_of(files: Sequence[Path], path: Path) -> list[dict[str, Any]]:
    """Read a corrected layout and check that all files that it speaks of are given."""
    pages = read_layout(path)
    names = [file.name for file in files]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ScoreError(
            f"Several files are called {twice[0]}, but a layout tells files by their names; rename them and let read "
            "write a new layout.json."
        )
    missing = {page["file"] for page in pages} - {"", *names}
    if missing:
        raise ScoreError(
            f"{path.name} speaks of {min(missing)}, which is not among the files that were given; give the files that "
            "it was made for, by their names."
        )
    return pages


def _strip(strips: Sequence[Image], cuts: Sequence[_Cut], *, even_tone: bool) -> Image:
    strip = np.concatenate(strips, axis=1)
    if not even_tone:
        return strip
    systems = np.split(strip, np.cumsum([cut.width for cut in cuts])[:-1], axis=1)
    return np.concatenate(
        [lighten(system, staves=cut.staves) for system, cut in zip(systems, cuts, strict=True)], axis=1
    )


@contextmanager
def _watched(folder: Path, before: int, progress: Callable[[int], None] | None) -> Iterator[None]:
    """Tell how many pages a child process has written to a folder, twice a second, beside those read before."""
    if progress is None:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_WATCH_S):
            progress(before + len(list(folder.glob("strip-*.npy"))))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _read_apart(
    file: Path, folder: str, options: PrintOptions, given: list[dict[str, Any]] | None
) -> list[tuple[PageLayout, list[list[float]]]]:
    pages = None if given is None else [page for page in given if page["file"] in ("", file.name)]
    arguments = {"path": str(file), "folder": folder, "max_pages": options.max_pages, "pages": pages}
    try:
        answer = call_apart(READ_FILE, arguments, limits=Limits(options.time_limit_s, MEMORY_BYTES))
    except TimeLimitError as error:
        raise ScoreError(f"Reading {file.name} {error}; give fewer or smaller pages.") from error
    except MemoryLimitError as error:
        raise ScoreError(f"Reading {file.name} needs too much memory; scan it with fewer dots per inch.") from error
    except (BrokenOffError, ToolError) as error:
        raise ScoreError(f"{file.name} cannot be read: {error}; open it in a viewer and save it anew.") from error
    return [(page_of(page), sizes) for page, sizes in zip(answer["pages"], answer["strips"], strict=True)]


def _names(files: Sequence[Path]) -> str:
    return files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1} more"


def _systems(cuts: Sequence[_Cut]) -> Systems:
    ends = np.cumsum([cut.width for cut in cuts]).astype(float)
    return Systems(
        page=np.array([cut.page for cut in cuts]),
        page_left_px=np.array([cut.system.left_px for cut in cuts]),
        page_top_px=np.array([cut.top_px for cut in cuts]),
        page_right_px=np.array([cut.system.right_px for cut in cuts]),
        page_bottom_px=np.array([cut.bottom_px for cut in cuts]),
        strip_left_px=np.concatenate([[0.0], ends[:-1]]),
        strip_right_px=ends,
        staves=np.array([cut.system.staves for cut in cuts]),
        doubt=np.array([cut.system.box_doubt for cut in cuts]),
    )


def _music(cuts: Sequence[_Cut], first_measure: int) -> Printed:
    lefts, rights, systems, doubts = [], [], [], []
    start = 0.0
    for index, cut in enumerate(cuts):
        left = start
        for end, doubt in zip(cut.system.barlines_px, cut.system.bar_doubts, strict=True):
            right = start + cut.strip_x(end)
            if right > left:
                lefts.append(left)
                rights.append(right)
                systems.append(index)
                doubts.append(doubt)
                left = right
        start += cut.width
    bars = Bars(
        label=np.array([str(first_measure + number) for number in range(len(lefts))]),
        strip_left_px=np.array(lefts),
        strip_right_px=np.array(rights),
        system=np.array(systems),
        doubt=np.clip(doubts, 0, 1),
    )
    begin = cuts[0].strip_x(cuts[0].system.begin_px)
    end = float(rights[-1])
    return Printed(begin_px=min(begin, 0.9 * end), end_px=end, bars=bars)
