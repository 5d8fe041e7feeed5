"""Finds the parts of MEI documents and keeps one alone, and removes what makes Verovio shift times."""

import copy
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from standpartner.errors import ScoreError
from standpartner.score.notation.choice import find_choice
from standpartner.score.notation.mei import ID, NAMESPACE
from standpartner.score.selection import list_names

MAX_STAVES: Final = 4  # that the strip holds; further ones are left out and named
_PIANO: Final = re.compile(
    r"pian|klav|\bclav(?!es?\b)|^pno|\bpf(?:te|\b)|фортепи|фортепь|рояль|ピアノ|钢琴|鋼琴|피아노", re.IGNORECASE
)  # fmt: skip
_KEYBOARD: Final = re.compile(
    r"cembal|harpsi|keyboard|clavecin|spinett?|virginal|celesta|\borg(?:an|el|ue)|primo|secondo", re.IGNORECASE
)
# The words by which two parts on one staff each are the two hands of one player.
_HAND: Final = re.compile(
    r"\b(?:r\.?\s?h|l\.?\s?h|m\.?\s?d|m\.?\s?[sg]|right|left|hand|rechts?|rechte|links?|linke|hände?|droite|gauche|main"
    r"|mano|destra|sinistra|upper|lower|treble|bass|[rl]$)\b\.?|[()\[\],:-]", re.IGNORECASE
)  # fmt: skip
_PERCUSSION: Final = "percussion"
_TABLATURE: Final = "tablature"
_SOUNDING: Final = frozenset(f"{NAMESPACE}{name}" for name in ("note", "chord", "rest", "space", "mRest"))
_GROUPS: Final = frozenset(f"{NAMESPACE}{name}" for name in ("beam", "tuplet", "bTrem", "fTrem", "graceGrp"))


@dataclass(frozen=True)
class Part:
    """The staves that one player reads, by their numbers in the MEI.

    Attributes:
        staves: The numbers of the staves.
        name: The names that the score gives them.
        unread: Why the part cannot be followed, "percussion" or "tablature"; empty for notes with pitches.
    """

    staves: tuple[str, ...]
    name: str
    unread: str = ""

    @property
    def title(self) -> str:
        """The name, with what the part is where it is no music with pitches."""
        return f"{self.name} ({self.unread})" if self.unread else self.name


@dataclass(frozen=True)
class Taken:
    """The part that is taken, the titles of all parts, and the number of staves that the strip does not hold."""

    part: Part
    titles: tuple[str, ...]
    left_out: int = 0


def list_parts(root: ET.Element) -> list[Part]:
    """List the parts of the first score definition: a braced or named group of staves is one part.

    Two neighbours on one staff each that are named as the hands of one keyboard are one part as well.
    """
    definition = root.find(f".//{NAMESPACE}scoreDef")
    top = None if definition is None else definition.find(f"{NAMESPACE}staffGrp")
    return [] if top is None else _join_hands(list(_parts_of(top, _percussion(root))))


def _percussion(root: ET.Element) -> set[str]:
    """Return the staves with notes of which none has a pitch."""
    notes: dict[str, bool] = {}
    for staff in root.iter(f"{NAMESPACE}staff"):
        number = staff.get("n", "")
        for note in staff.iter(f"{NAMESPACE}note"):
            notes[number] = notes.get(number, False) or "pname" in note.attrib
    return {number for number, pitched in notes.items() if not pitched}


def choose_part(parts: list[Part], wanted: str = "", *, file: str = "the score") -> Taken:
    """Choose the part that the user names.

    Without a name it is the piano; all keyboards together where there is nothing else, as in music for four hands; else
    the first part on two staves, else the first part.

    Args:
        parts: The parts of the score.
        wanted: The name or number of a part, or "all" for all of them together.
        file: The name of the file for messages.

    Raises:
        ScoreError: There is no such part, or it is percussion or tablature.
    """
    titles = tuple(part.title for part in parts)
    read = [part for part in parts if not part.unread]
    if wanted and not (wanted.strip().casefold() == "all" and "all" not in titles):
        part = parts[find_choice(wanted, titles, kind="part", file=file)]
        if part.unread:
            raise ScoreError(_why_unread(part.unread, file, part.name, titles))
    elif not read:
        raise ScoreError(_why_unread(parts[0].unread, file, parts[0].name, titles))
    else:
        part = _together(read) if wanted else _choose_unasked(read)
    kept = part.staves[:MAX_STAVES]
    return Taken(Part(kept, part.name), titles, left_out=len(part.staves) - len(kept))


def _choose_unasked(parts: list[Part]) -> Part:
    keyboards = [part for part in parts if _is_keyboard(part)]
    if len(keyboards) == len(parts) > 1 and sum(len(part.staves) for part in parts) <= MAX_STAVES:
        return _together(parts)
    pianos = [part for part in keyboards if _PIANO.search(part.name)]
    wide = [part for part in parts if len(part.staves) > 1]
    if pianos or keyboards:
        return max(pianos or keyboards, key=lambda part: len(part.staves))
    return (wide or parts)[0]


def _is_keyboard(part: Part) -> bool:
    return bool(_PIANO.search(part.name) or _KEYBOARD.search(part.name))


def _together(parts: list[Part]) -> Part:
    return Part(tuple(staff for part in parts for staff in part.staves), " + ".join(part.name for part in parts))


def _why_unread(kind: str, file: str, name: str, titles: tuple[str, ...]) -> str:
    what = "whose notes have no pitch" if kind == _PERCUSSION else "which shows where to put the fingers, not notes"
    others = f"; choose another part with --part: {list_names(titles)}" if len(titles) > 1 else ""
    return f'{file}: the part "{name}" is {kind}, {what}; it cannot be followed{others}.'


def keep_part(root: ET.Element, wanted: str = "", *, file: str = "the score") -> tuple[Taken | None, bool]:
    """Remove all parts but one from an MEI document.

    A score of two staves is one player's where none is chosen. Tablature beside the same music in notes goes.

    Args:
        root: The document.
        wanted: The name or number of a part; see `choose_part`.
        file: The name of the file for messages.

    Returns:
        What was taken, None for a document without parts, and whether anything was removed.

    Raises:
        ScoreError: There is no such part, or it cannot be followed.
    """
    parts = list_parts(root)
    if not parts:
        return None, False
    every = [staff.get("n", "") for staff in _staves_of(root)]
    if not wanted and len(every) <= 2 and not any(part.unread for part in parts):
        return Taken(_together(parts), tuple(part.title for part in parts)), _keep_staves(root, set(every))
    taken = choose_part(parts, wanted, file=file)
    return taken, _keep_staves(root, set(taken.part.staves))


def _staves_of(root: ET.Element) -> list[ET.Element]:
    definition = root.find(f".//{NAMESPACE}scoreDef")
    return [] if definition is None else list(definition.iter(f"{NAMESPACE}staffDef"))


def _keep_staves(root: ET.Element, kept: set[str]) -> bool:
    if all(staff.get("n") in kept for staff in _staves_of(root)):
        return False
    removed = {
        element.get(ID, "")
        for staff in root.iter(f"{NAMESPACE}staff")
        if staff.get("n") not in kept
        for element in staff.iter()
    }

    def unwanted(element: ET.Element) -> bool:
        if element.tag in (f"{NAMESPACE}staff", f"{NAMESPACE}staffDef"):
            return element.get("n") not in kept
        if element.tag == f"{NAMESPACE}staffGrp":
            return all(staff.get("n") not in kept for staff in element.iter(f"{NAMESPACE}staffDef"))
        staves = element.get("staff", "").split()
        ends = [element.get(key, "").removeprefix("#") for key in ("startid", "endid")]
        return (bool(staves) and not kept.intersection(staves)) or any(end in removed for end in ends if end)

    _prune(root, unwanted)
    return True


def needs_plain_times(root: ET.Element) -> bool:
    """Tell whether grace notes or arpeggios would shift other notes in Verovio's time map."""
    return any(
        element.tag in (f"{NAMESPACE}arpeg", f"{NAMESPACE}graceGrp") or "grace" in element.attrib
        for element in root.iter()
    )


def with_plain_times(root: ET.Element) -> ET.Element:
    """Copy an MEI document without grace notes and arpeggios, so that its time map holds the written times."""
    root = copy.deepcopy(root)
    unwanted = {f"{NAMESPACE}arpeg", f"{NAMESPACE}graceGrp"}
    _prune(root, lambda element: element.tag in unwanted or "grace" in element.attrib)
    _prune(root, lambda element: element.tag in _GROUPS and not any(part.tag in _SOUNDING for part in element.iter()))
    return root


def _parts_of(group: ET.Element, percussion: set[str]) -> Iterator[Part]:
    symbol = group.find(f"{NAMESPACE}grpSym")
    braced = group.get("symbol") == "brace" or (symbol is not None and symbol.get("symbol") == "brace")
    if braced or _label(group):
        definitions = list(group.iter(f"{NAMESPACE}staffDef"))
        yield _part(definitions, " ".join(_label(element) for element in group.iter()), percussion)
        return
    for child in group:
        if child.tag == f"{NAMESPACE}staffGrp":
            yield from _parts_of(child, percussion)
        elif child.tag == f"{NAMESPACE}staffDef":
            yield _part([child], _label(child), percussion)


def _part(definitions: list[ET.Element], name: str, percussion: set[str]) -> Part:
    """Make a part of its staves without those of tablature or percussion, unless it has no others."""
    read = [staff for staff in definitions if not _unread(staff, percussion)]
    unread = "" if read or not definitions else _unread(definitions[0], percussion)
    return Part(tuple(staff.get("n", "") for staff in read or definitions), " ".join(name.split()), unread)


def _unread(staff: ET.Element, percussion: set[str]) -> str:
    clef = staff.find(f"{NAMESPACE}clef")
    shape = staff.get("clef.shape") or ("" if clef is None else clef.get("shape", ""))
    if shape == "TAB" or staff.get("notationtype", "").startswith("tab"):
        return _TABLATURE
    return _PERCUSSION if staff.get("n", "") in percussion else ""


def _join_hands(parts: list[Part]) -> list[Part]:
    """Join neighbours on one staff each whose names differ only in the hand, as "Piano RH" and "Piano LH" do."""

    def player(part: Part) -> tuple[str, object]:
        name = " ".join(_HAND.sub(" ", part.name).split()).casefold()
        keyboard = not name if part.name else False  # a name of nothing but a hand is of a keyboard
        keyboard = keyboard or bool(_PIANO.search(name) or _KEYBOARD.search(name))
        alone = len(part.staves) == 1 and not part.unread and keyboard
        return name, None if alone else part.staves

    joined: list[Part] = []
    for _, group in groupby(parts, key=player):
        members = list(group)
        while members:
            pair, members = members[:2], members[2:]
            joined.append(_joined(pair))
    return joined


def _joined(pair: list[Part]) -> Part:
    name = " ".join(_HAND.sub(" ", pair[0].name).split()) or "Piano" if len(pair) == 2 else pair[0].name
    return Part(tuple(staff for part in pair for staff in part.staves), name, pair[0].unread)


def _label(element: ET.Element) -> str:
    label = element.find(f"{NAMESPACE}label")
    text = element.get("label", "") if label is None else "".join(label.itertext())
    return " ".join(text.split())


def _prune(element: ET.Element, unwanted: Callable[[ET.Element], bool]) -> None:
    for child in list(element):
        if unwanted(child):
            element.remove(child)
        else:
            _prune(child, unwanted)
