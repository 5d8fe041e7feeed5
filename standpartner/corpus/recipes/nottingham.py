"""Builds the Nottingham music database: single-line tunes in ABC, in a fixed split.

Source: the folder ``ABC_cleaned`` of the public repository jukedeck/nottingham-dataset. Tunes that are the same
music or share a title are kept in one split: they form a group, and a checksum of the group decides where it goes.
"""

import hashlib
import re
import tempfile
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path

from standpartner.corpus.build import Made, Recipe, render_performance, seed_of
from standpartner.errors import CorpusError
from standpartner.perform import PerformanceStyle
from standpartner.piece import Piece
from standpartner.score import read_score
from standpartner.score.notation.abc import split_abc, strip_chord_symbols

TRAIN_PERCENT, VALID_PERCENT = 70, 10
SAME_TITLE = 0.87  # the ratio of matching letters from which two titles count as the same
SAME_MUSIC = 0.6  # the share of common five-interval figures from which two tunes count as the same


@dataclass(frozen=True)
class Tune:
    """One tune of the source.

    Attributes:
        name: The file, the number in it and the title, for example ``jigs-017-the-cuckoo``; unique.
        title: The title as printed.
        text: The ABC text with this tune alone, chord symbols left out.
    """

    name: str
    title: str
    text: str

    @property
    def sha256(self) -> str:
        """The checksum of the tune's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def read_tunes(source: Path) -> list[Tune]:
    """Read all tunes below a folder, in a fixed order.

    Raises:
        CorpusError: There are no ABC files with tunes.
    """
    folder = source / "ABC_cleaned" if (source / "ABC_cleaned").is_dir() else source
    tunes = []
    for path in sorted(folder.glob("*.abc")):
        for number, text in enumerate(split_abc(path.read_text(encoding="utf-8", errors="replace")), start=1):
            match = re.search(r"^T:\s*(.+)$", text, re.MULTILINE)
            title = match.group(1).strip() if match else ""
            slug = "-".join(re.findall(r"[a-z0-9]+", title.lower().replace("'", "")))[:40]
            tunes.append(Tune(f"{path.stem}-{number:03d}-{slug}", title, strip_chord_symbols(text)))
    if not tunes:
        raise CorpusError(f"expected ABC files with tunes in {folder}, found none; clone jukedeck/nottingham-dataset")
    return tunes


def plain_title(title: str) -> str:
    """Reduce a title for comparison: articles, numbers and punctuation are removed."""
    words = re.findall(r"[a-z]+", title.lower().replace("'s", "s").replace("'", ""))
    return "".join(word for word in words if word not in {"the", "a", "an", "of", "and"})


def _figures(text: str) -> frozenset[tuple[int, ...]]:
    """Find the five-interval figures (in scale steps) of a tune's melody, which are the same in every key."""
    body = "\n".join(line for line in text.splitlines() if not re.match(r"^[A-Za-z]+:", line))
    steps = []
    for letter, marks in re.findall(r"([A-Ga-g])([,']*)", body):
        octave = (7 if letter.islower() else 0) + 7 * marks.count("'") - 7 * marks.count(",")
        steps.append("CDEFGAB".index(letter.upper()) + octave)
    intervals = [b - a for a, b in pairwise(steps)]
    return frozenset(tuple(intervals[i : i + 5]) for i in range(len(intervals) - 4))


def same_music(a: frozenset, b: frozenset) -> bool:
    """Tell whether two sets of figures overlap so much that the tunes are variants of each other."""
    return bool(a and b) and len(a & b) >= SAME_MUSIC * min(len(a), len(b))


def _same_title(a: str, b: str) -> bool:
    if not a or not b:
        return False
    match = SequenceMatcher(None, a, b, autojunk=False)
    return a == b or (match.real_quick_ratio() >= SAME_TITLE and match.ratio() >= SAME_TITLE)


def group_tunes(tunes: list[Tune]) -> list[int]:
    """Number the groups of tunes: tunes of one title or one music are in one group."""
    parent = list(range(len(tunes)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    titles = [plain_title(tune.title) for tune in tunes]
    figures = [_figures(tune.text) for tune in tunes]
    for i in range(len(tunes)):
        for j in range(i):
            if root(i) != root(j) and (_same_title(titles[i], titles[j]) or same_music(figures[i], figures[j])):
                parent[root(i)] = root(j)
    return [root(i) for i in range(len(tunes))]


def tune_families(tunes: list[Tune]) -> list[list[Tune]]:
    """Return lists of the tunes of one title or one music; see `group_tunes`."""
    families: dict[int, list[Tune]] = {}
    for tune, group in zip(tunes, group_tunes(tunes), strict=True):
        families.setdefault(group, []).append(tune)
    return list(families.values())


def make_split(tunes: list[Tune]) -> dict[str, str]:
    """Find the split of every tune by name: a checksum of each family decides, whatever the order of the files."""
    splits = {}
    for alike in tune_families(tunes):
        key = hashlib.sha256("".join(sorted(tune.sha256 for tune in alike)).encode()).hexdigest()
        place = int(key[:8], 16) % 100
        split = "train" if place < TRAIN_PERCENT else "valid" if place < TRAIN_PERCENT + VALID_PERCENT else "test"
        splits.update({tune.name: split for tune in alike})
    return splits


_KEYBOARDS = (0, 1, 2, 3, 4, 5, 6, 7)
_OTHERS = (11, 12, 21, 22, 24, 25, 40, 42, 46, 56, 64, 68, 71, 73, 74, 79)  # mallets, reeds, strings, winds
TRAIN_STYLE = PerformanceStyle(
    tempo_factor_range=(0.5, 2.0),
    soundfonts=("timgm6mb", "fluidr3"),
    programs=tuple((p, 0.6 / len(_KEYBOARDS)) for p in _KEYBOARDS) + tuple((p, 0.4 / len(_OTHERS)) for p in _OTHERS),
)
TEST_STYLE = PerformanceStyle(tempo_factor_range=(0.6, 1.6), soundfonts=("musescore",), programs=((0, 1.0),))
VALID_STYLE = replace(TEST_STYLE, soundfonts=("fluidr3",))
PERFORMANCES = {
    "train": 6,
    "valid": 4,
    "test": 1,
}  # agents are chosen on valid, where one performance a tune is too little


def build_tune(tune: Tune, split: str) -> Made:
    """Engrave a tune and play it.

    Training tunes are played in many sounds and tempos, the others on a piano; the piano of the test tunes is
    from a soundfont that neither training nor validation uses.
    """
    with tempfile.TemporaryDirectory(prefix="standpartner-") as folder:
        path = Path(folder) / "tune.abc"
        path.write_text(tune.text, encoding="utf-8")
        score = read_score(path)
    style = {"train": TRAIN_STYLE, "valid": VALID_STYLE, "test": TEST_STYLE}[split]
    performances = tuple(
        render_performance(score, style, name=f"performance-{i}", seed=seed_of(tune.name, str(i)))
        for i in range(PERFORMANCES[split])
    )
    return Made(Piece(tune.name, score, performances))


RECIPE = Recipe(
    name="nottingham",
    description="1 034 single-line folk tunes",
    source="https://github.com/jukedeck/nottingham-dataset",
    licence="GPL-3.0 repository; traditional tunes",
    soundfonts=("timgm6mb", "fluidr3", "musescore"),
    entries=read_tunes,
    build=build_tune,
)
