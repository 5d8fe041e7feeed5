"""Makes corpora from the authors' own archive: pieces in the original format, each in its published split."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from standpartner.corpus.build import Made, Recipe, build_corpus
from standpartner.corpus.original.format import OriginalFiles, OriginalPiece, find_original, read_original
from standpartner.corpus.split_styles import SOUNDFONTS, perform_on_piano, performance_styles
from standpartner.corpus.store import SPLITS, Built, Corpus, read_split, split_file, split_table
from standpartner.errors import CorpusError
from standpartner.hear import spectrogram
from standpartner.perform import soundfonts, synthesise
from standpartner.piece import Performance, Piece
from standpartner.support.cache import cache_folder

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True)
class ImportedEntry:
    """One piece of an archive, with the checksum of its three files."""

    files: OriginalFiles
    sha256: str

    @property
    def name(self) -> str:
        """The name, unique in the corpus."""
        return self.files.name


def import_original(
    source: Path,
    *,
    name: str,
    jobs: int = 1,
    report: Callable[[Built, int], None] = lambda built, total: None,
) -> list[Built]:
    """Make a corpus of all pieces of an archive; an interrupted import goes on.

    A piece that the paper's MSMD split knows is in that split; others are in the split that a folder of theirs is
    named after (``msmd_train``, ``nottingham_valid``, ...), else in test.

    Args:
        source: The unpacked archive, or a part of it.
        name: The name of the new corpus: small letters, digits and hyphens.
        jobs: The number of processes side by side.
        report: The function that is called with each result as it comes and the number of all.

    Raises:
        CorpusError: The name cannot be used, two pieces have one name, or the archive changed since it was imported.
        PieceError: There are no pieces.
        MissingExtraError: A soundfont is missing.
    """
    corpus = _new_corpus(name)
    entries = _entries(source)
    splits = {entry.name: _split_of(entry.files, source) for entry in entries}
    table = split_table(entries, splits)
    path = corpus.folder / "split.tsv"
    if path.is_file() and path.read_text(encoding="utf-8") != table:
        raise CorpusError(f"{corpus.folder} holds another import; choose another name or remove that folder")
    corpus.folder.mkdir(parents=True, exist_ok=True)
    path.write_text(table, encoding="utf-8")
    recipe = Recipe(
        name=name,
        description="imported from the original format",
        source=str(source),
        licence="that of the archive",
        soundfonts=SOUNDFONTS,
        entries=_entries,
        build=_build,
    )
    return build_corpus(recipe, corpus, source=source, jobs=jobs, report=report)


def _new_corpus(name: str) -> Corpus:
    folder = cache_folder() / "corpora" / name
    if not _NAME.fullmatch(name):
        raise CorpusError(f"a corpus cannot be called {name!r}; use small letters, digits and hyphens")
    if split_file(name).is_file() and split_file(name).parent != folder:
        raise CorpusError(f"the name {name!r} belongs to a corpus of standpartner; choose another")
    return Corpus(name, folder)


def _entries(source: Path) -> list[ImportedEntry]:
    entries: dict[str, ImportedEntry] = {}
    for files in find_original(source):
        if files.name in entries:
            raise CorpusError(f"two pieces are called {files.name}; import the folders of {source} one by one")
        content = b"".join(path.read_bytes() for path in (files.npz, files.score_midi, files.performance_midi))
        entries[files.name] = ImportedEntry(files, hashlib.sha256(content).hexdigest())
    return list(entries.values())


def _split_of(files: OriginalFiles, source: Path) -> str:
    published = read_split("msmd").get(files.name)
    if published:
        return published[0]
    folders = files.npz.parent.relative_to(source.parent).parts
    return next((split for split in SPLITS for folder in folders if split in folder.lower()), "test")


def _build(entry: ImportedEntry, split: str) -> Made:
    """Build a piece: training pieces are played as those of MSMD, the others exactly as in their MIDI."""
    original = read_original(entry.files)
    if split == "train":
        performances = perform_on_piano(original.score, split, name=entry.name)
    else:
        style, _ = performance_styles(split)[0]
        performances = (_as_performed(original, soundfont=style.soundfonts[0]),)
    return Made(Piece(entry.name, original.score, performances))


def _as_performed(original: OriginalPiece, *, soundfont: str) -> Performance:
    audio = synthesise(original.played, soundfont=soundfonts()[soundfont])
    return Performance(
        name="performance-0",
        onset_s=original.onset_s,
        spectrogram=spectrogram(audio),
        note_pitch=original.played.pitch,
        note_onset_s=original.played.onset_s,
        note_duration_s=original.played.duration_s,
        made_by={"kind": "synthesised", "performance": "MIDI of the archive", "soundfont": soundfont},
    )
