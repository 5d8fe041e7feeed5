"""Builds ASAP: human performances of piano music, recorded as MIDI, with the score that each pianist read.

Source: a clone of the public repository fosfrancesco/asap-dataset. A performance is aligned by the beats annotated in
it, else by its notes; where it repeats, the truth goes back with it.
"""

import csv
import hashlib
import zipfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from standpartner.align import Alignment, align_with_beats, align_with_score_midi, read_beats, read_performed_midi
from standpartner.corpus.build import Made, Recipe
from standpartner.corpus.human_performances import make_human_piece
from standpartner.corpus.split_by_work import in_split
from standpartner.corpus.split_styles import SOUNDFONTS, engraving_style
from standpartner.errors import CorpusError, PieceError
from standpartner.score import Score, read_score
from standpartner.score.notation.midi import read_midi

_SCORES = ("xml_score.musicxml", "xml_score.mxl")


@dataclass(frozen=True)
class AsapScore:
    """A score of ASAP with its performances.

    Attributes:
        name: The name of its folder, for example ``Bach__Fugue__bwv_875``; unique.
        composer: The composer as in ``metadata.csv``.
        title: The title as in ``metadata.csv``; two scores of one work have the same.
        path: The MusicXML file, zipped or not.
        sha256: The checksum of the MusicXML.
        performances: The MIDI files of human performances, by name.
    """

    name: str
    composer: str
    title: str
    path: Path
    sha256: str
    performances: tuple[Path, ...]


def read_entries(source: Path) -> list[AsapScore]:
    """List all scores in a clone of ASAP, in the order of their names.

    Raises:
        CorpusError: The folder is not a clone of ASAP, or holds no scores.
    """
    table = source / "metadata.csv"
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise CorpusError(f"expected ASAP's metadata.csv in {source}; clone fosfrancesco/asap-dataset") from error
    folders: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        folders.setdefault(row["folder"], []).append(row)
    entries = []
    for folder, played in sorted(folders.items()):
        files = [source / folder / name for name in _SCORES]
        path = next((file for file in files if file.is_file()), None)
        if path is None:
            continue
        performances = sorted(source / row["midi_performance"] for row in played)
        entries.append(
            AsapScore(
                name=folder.replace("/", "__"),
                composer=played[0]["composer"],
                title=played[0]["title"],
                path=path,
                sha256=_checksum(path),
                performances=tuple(file for file in performances if file.is_file()),
            )
        )
    if not entries:
        raise CorpusError(f"found no xml_score.musicxml or .mxl in the folders of {table}; clone the whole repository")
    return entries


def _checksum(path: Path) -> str:
    """Compute the SHA-256 of the MusicXML, the same whether it is zipped or not."""
    data = path.read_bytes()
    if path.suffix == ".mxl":
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.startswith("META-INF/")]
            data = archive.read(next(name for name in names if name.endswith((".musicxml", ".xml"))))
    return hashlib.sha256(data).hexdigest()


def entries_of_split(source: Path) -> list[AsapScore]:
    """List the scores in the package's split.

    Raises:
        CorpusError: The folder is not a clone of ASAP, or scores are missing.
    """
    return in_split("asap", read_entries(source))


def build_score(entry: AsapScore, split: str) -> Made:
    """Engrave a score and render its performances.

    Raises:
        CorpusError: No performance can be used.
        ScoreError: The score cannot be read.
    """
    score = read_score(entry.path, style=engraving_style(entry.name, split))
    score = replace(score, title=f"{entry.composer}: {entry.title}")
    performances = {path.stem: partial(_align, score, path) for path in entry.performances}
    return make_human_piece(entry.name, score, split, performances=performances)


def _align(score: Score, path: Path) -> Alignment:
    """Align a performance by its beats, or by its notes where the beats are annotated wrongly."""
    played = read_performed_midi(path)
    score_midi = read_midi(path.with_name("midi_score.mid"))
    try:
        score_beats_s = read_beats(path.with_name("midi_score_annotations.txt"))
        beats_s = read_beats(path.with_name(f"{path.stem}_annotations.txt"))
        return align_with_beats(score, played, score_midi=score_midi, score_beats_s=score_beats_s, beats_s=beats_s)
    except PieceError:
        return align_with_score_midi(score, played, score_midi=score_midi)


RECIPE = Recipe(
    name="asap",
    description="202 scores of piano music with human performances",
    source="https://github.com/fosfrancesco/asap-dataset",
    licence="CC BY-NC-SA 4.0",
    soundfonts=SOUNDFONTS,
    entries=entries_of_split,
    build=build_score,
    time_limit_s=900.0,
)
