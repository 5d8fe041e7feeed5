"""MSMD, the paper's piano music: built anew from the LilyPond sources of the Mutopia project, in the paper's split.

Source: the folder ``ftp`` of the public repository MutopiaProject/MutopiaProject. ``msmd_sources.tsv`` says which of
its files each of the 467 pieces is. Building runs the code in these files, as LilyPond does.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from standpartner.audio import PerformanceStyle
from standpartner.corpus.build import Recipe, render_performance, seed_of
from standpartner.errors import CorpusError
from standpartner.piece import Piece
from standpartner.score import read_score
from standpartner.score.lilypond import included_files

_PIANOS = ((0, 0.4), (1, 0.2), (2, 0.2), (3, 0.2))
TRAIN_STYLE = PerformanceStyle(tempo_factor_range=(0.5, 2.0), soundfonts=("timgm6mb", "fluidr3"), programs=_PIANOS)
VALID_STYLE = PerformanceStyle(tempo_factor_range=(0.6, 1.6), soundfonts=("fluidr3",), programs=((0, 1.0),))
TEST_STYLE = replace(PerformanceStyle.mechanical(), soundfonts=("musescore",))
TRAIN_PERFORMANCES = 4
SOUNDFONTS = ("timgm6mb", "fluidr3", "musescore")


@dataclass(frozen=True)
class Movement:
    """One piece of MSMD.

    Attributes:
        name: MSMD's, for example ``MozartWA__KV331__KV331_1_2_var1``.
        path: its LilyPond file.
        sha256: checksum of that file and of what it includes from its own folders.
    """

    name: str
    path: Path
    sha256: str


def sources() -> dict[str, str]:
    """File of each piece by name, as a path below ``ftp``, in the paper's order."""
    text = (Path(__file__).parent / "msmd_sources.tsv").read_text(encoding="utf-8")
    return dict(line.split("\t") for line in text.splitlines()[1:])


def read_movements(source: Path) -> list[Movement]:
    """All pieces in a clone of the Mutopia project.

    Raises:
        CorpusError: files are missing.
    """
    folder = source / "ftp" if (source / "ftp").is_dir() else source
    paths = {name: folder / file for name, file in sources().items()}
    missing = [path for path in paths.values() if not path.is_file()]
    if missing:
        raise CorpusError(
            f"{len(missing)} of {len(paths)} LilyPond files are missing (first: {missing[0]}); "
            "clone MutopiaProject/MutopiaProject"
        )
    return [Movement(name, path, checksum(path)) for name, path in paths.items()]


def checksum(path: Path) -> str:
    """SHA-256 over a LilyPond file and what it includes from its own folders."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in included_files(path))).hexdigest()


def performance_styles(split: str) -> list[PerformanceStyle]:
    """How the pieces of a split are played, one style for each performance."""
    if split == "train":
        return [TRAIN_STYLE] * TRAIN_PERFORMANCES
    return [{"valid": VALID_STYLE, "test": TEST_STYLE}[split]]


def build_movement(movement: Movement, split: str) -> Piece:
    """Engrave a piece and play it.

    Training pieces are played four times with feeling on several pianos, validation pieces once; test pieces as the
    paper has it, as their MIDI stands, on a piano that neither training nor validation hears.
    """
    score = read_score(movement.path, trusted=True)
    performances = tuple(
        render_performance(score, style, name=f"performance-{i}", seed=seed_of(movement.name, str(i)))
        for i, style in enumerate(performance_styles(split))
    )
    return Piece(movement.name, score, performances)


RECIPE = Recipe(
    name="msmd",
    description="467 piano pieces of the paper, engraved by LilyPond",
    source="https://github.com/MutopiaProject/MutopiaProject",
    licence="public domain, CC BY, CC BY-SA (in each file's header)",
    soundfonts=SOUNDFONTS,
    entries=read_movements,
    build=build_movement,
)
