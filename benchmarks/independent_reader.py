"""Lists the notes of notation files with music21 or partitura; it runs in an interpreter that has one of them.

usage: PYTHON independent_reader.py music21|partitura < paths > answers

Each line of the answer is a JSON object: ``path``, and ``notes`` as [quarter, MIDI pitch] without grace notes and tied
continuations, or ``error``.
"""

import json
import sys
import warnings


def main() -> None:
    """Read the paths from standard input, one a line."""
    warnings.simplefilter("ignore")
    read = {"music21": read_with_music21, "partitura": read_with_partitura}[sys.argv[1]]
    for line in sys.stdin:
        path = line.rstrip("\n")
        try:
            answer = {"path": path, "notes": read(path)}
        except Exception as error:
            answer = {"path": path, "error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(answer), flush=True)


def read_with_music21(path: str) -> list[list[float]]:
    """List the notes as music21 reads them."""
    from music21 import converter

    score = converter.parse(path, forceSource=True)
    score = score.toSoundingPitch() if hasattr(score, "toSoundingPitch") else score
    found = []
    for part in getattr(score, "parts", None) or [score]:
        for element in part.recurse().notes:
            if element.duration.isGrace or "ChordSymbol" in element.classes or not hasattr(element, "pitches"):
                continue
            if any(pitch.ps != round(pitch.ps) for pitch in element.pitches):
                raise ValueError("microtones, which readers round otherwise")
            offset = float(element.getOffsetInHierarchy(part))
            members = element.notes if element.isChord else [element]
            found += [
                [offset, note.pitch.midi]
                for note in members
                if hasattr(note, "pitch") and (note.tie is None or note.tie.type == "start")
            ]
    return found


def read_with_partitura(path: str) -> list[list[float]]:
    """List the notes as partitura reads them."""
    import partitura

    notes = partitura.load_score(path).note_array(include_grace_notes=True)
    return [[float(note["onset_quarter"]), int(note["pitch"])] for note in notes if not note["is_grace"]]


if __name__ == "__main__":
    main()
