"""Further Mutopia pieces: which folders are pieces for the keyboard, and which of their files is engraved."""

from pathlib import Path

import pytest

from standpartner.corpus.recipes import msmd, mutopia
from standpartner.errors import CorpusError


def write(folder: Path, file: str, *, instrument: str = "Piano", body: str = "\\score { { c } }") -> None:
    path = folder / "ftp" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'\\header {{ mutopiainstrument = "{instrument}" }}\n{body}\n')


def names(folder: Path) -> list[str]:
    return [piece.name for piece in mutopia.find_pieces(folder)]


def test_pieces_for_keyboards_beyond_msmd_are_taken(tmp_path: Path) -> None:
    write(tmp_path, "KumarR/lace/lace.ly")
    write(tmp_path, "BachJS/BWV802/Duet/Duet.ly", instrument="Harpsichord, Piano, Clavichord")
    write(tmp_path, "BachJS/BWV803/Duet/Duet.ly", instrument="Piano/Harpsichord or Keyboard")
    write(tmp_path, "SchubertF/D1/song/song.ly", instrument="Voice, Piano")
    write(tmp_path, "BachJS/BWV804/organ/organ.ly", instrument="Organ")
    write(tmp_path, "HanonCL/words/words.ly", body="\\markup { no notes }")
    known = next(iter(msmd.sources().values()))
    write(tmp_path, known.removeprefix("ftp/"))
    assert names(tmp_path) == ["BachJS__BWV802__Duet", "BachJS__BWV803__Duet", "KumarR__lace__lace"]


def test_the_main_file_of_a_piece_is_taken(tmp_path: Path) -> None:
    write(tmp_path, "A/O1/etude/etude-lys/etude-a4.ly", body='\\include "notes.ly"')
    write(tmp_path, "A/O1/etude/etude-lys/etude-letter.ly", body='\\include "notes.ly"')
    write(tmp_path, "A/O1/etude/etude-lys/notes.ly")
    write(tmp_path, "A/O2/waltz/waltz-lys/a-part.ly")
    write(tmp_path, "A/O2/waltz/waltz-lys/waltz.ly")
    write(tmp_path, "A/rag/rag-lys/1-midi.ly")
    write(tmp_path, "A/rag/rag-lys/rag.ly", body='\\include "header.ily" \\score { { c } }')
    assert names(tmp_path) == ["A__O1__etude-a4", "A__O2__waltz", "A__rag__rag"]


def test_the_header_may_stand_in_an_included_file(tmp_path: Path) -> None:
    write(tmp_path, "A/rag/rag-lys/header.ly", body="")
    (tmp_path / "ftp/A/rag/rag-lys/rag.ly").write_text('\\include "header.ly"\n\\score { { c } }\n')
    write(tmp_path, "A/suite/suite.ly", instrument="", body='instrument = "Harpsichord" \\score { { c } }')
    assert names(tmp_path) == ["A__rag__rag"]


def test_a_folder_without_pieces_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="clone MutopiaProject/MutopiaProject"):
        mutopia.find_pieces(tmp_path)


def test_anthologies_are_not_built(tmp_path: Path) -> None:
    for name in mutopia.ANTHOLOGIES:
        with pytest.raises(CorpusError, match="anthology"):
            mutopia.build_piece(mutopia.MutopiaPiece(name, tmp_path / "book.ly", ""), "train")
