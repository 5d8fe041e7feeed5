"""Repairs Humdrum text before it is engraved."""

import re
from itertools import groupby

# Exchanged or added spines, and three joining spines, which might be of two voices, are not repaired.
_HARD_MOVES = re.compile(r"(?:^|\t)\*[+x](?:\t|$)|\*v\t\*v\t\*v", re.MULTILINE)


def merge_staff_spines(text: str) -> str:
    """Make voices that share a staff (``*staff1`` twice) parts of one spine, so that they are drawn on one staff.

    Fugues are often written one spine a voice; Verovio would give each voice its own staff. Text is returned unchanged
    when every spine has its own staff, when spines are not all ``**kern``, or when they are exchanged.
    """
    lines = text.splitlines()
    groups = _groups(lines)
    if groups is None or _HARD_MOVES.search(text):
        return text
    merged: list[str] = []
    owners: list[int] = []  # the original column of each token of a line of music; empty before and after the music
    for line in lines:
        tokens = line.split("\t")
        if not line or line.startswith("!!"):
            merged.append(line)
            continue
        if not owners and not tokens[0].startswith(("*", "!")):
            merged += _split_lines([len(group) for group in groups])
            owners = list(range(sum(len(group) for group in groups)))
        if owners and len(tokens) != len(owners):  # the file is damaged, which the engraver will say
            return text
        if owners and set(tokens) == {"*-"}:
            merged += _join_lines([sum(owner in group for owner in owners) for group in groups])
            owners, tokens = [], ["*-"] * sum(len(group) for group in groups)
        merged.append("\t".join(_reorder(tokens, owners, groups) if owners else _first_meanings(tokens, groups)))
        owners = _moved(owners, tokens) if owners else owners
    return "\n".join(merged) + "\n"


def _groups(lines: list[str]) -> list[list[int]] | None:
    """Group the columns by staff; None when nothing is to be merged."""
    kinds = next((line.split("\t") for line in lines if line.startswith("**")), [])
    staves = next((line.split("\t") for line in lines if line.startswith("*staff")), [])
    if set(kinds) != {"**kern"} or len(staves) != len(kinds) or not all(name.startswith("*staff") for name in staves):
        return None
    groups = [list(columns) for _, columns in groupby(range(len(staves)), key=lambda column: staves[column])]
    return groups if len(set(staves)) == len(groups) < len(staves) else None


def _split_lines(sizes: list[int]) -> list[str]:
    """Write the lines that split each group's spine into as many as it has voices."""
    lines, widths = [], [1] * len(sizes)
    for index, size in enumerate(sizes):
        while widths[index] < size:
            tokens = ["*"] * sum(widths)
            tokens[sum(widths[: index + 1]) - 1] = "*^"
            lines.append("\t".join(tokens))
            widths[index] += 1
    return lines


def _join_lines(sizes: list[int]) -> list[str]:
    """Write the lines that join each group's spines into one."""
    lines, widths = [], list(sizes)
    for index, size in enumerate(sizes):
        if size > 1:
            before, after = sum(widths[:index]), sum(widths[index + 1 :])
            lines.append("\t".join(["*"] * before + ["*v"] * size + ["*"] * after))
            widths[index] = 1
    return lines


def _moved(owners: list[int], tokens: list[str]) -> list[int]:
    """Follow the groups through splitting and joining spines."""
    moved: list[int] = []
    for index, owner in enumerate(owners):
        move, before = tokens[index], tokens[index - 1] if index else ""
        joins = move == before == "*v" and owners[index - 1] == owner
        moved += [] if joins else [owner, owner] if move == "*^" else [owner]
    return moved


def _reorder(tokens: list[str], owners: list[int], groups: list[list[int]]) -> list[str]:
    """Put the higher voice of a staff first, as within one spine; spines run from low to high."""
    columns = [column for group in groups for column in reversed(group)]
    return [token for column in columns for token, owner in zip(tokens, owners, strict=False) if owner == column]


def _first_meanings(tokens: list[str], groups: list[list[int]]) -> list[str]:
    own = [[tokens[column] for column in group if column < len(tokens)] for group in groups]
    return [next((token for token in group if token not in ("*", "!")), group[0] if group else "*") for group in own]


def split_movements(text: str) -> tuple[list[str], list[str]]:
    """Split Humdrum text into its movements, each of which begins with its own exclusive interpretations.

    Comments before the first one stand before each; comments between two movements belong to the second.

    Returns:
        The texts, and their names as far as records of title or movement give them.
    """
    head: list[str] = []
    movements: list[list[str]] = []
    between: list[str] = []
    inside = False
    for line in text.splitlines():
        if not inside and line.startswith("**"):
            movements.append([*between, line])
            between, inside = [], True
        elif inside:
            movements[-1].append(line)
            inside = set(line.split("\t")) != {"*-"}
        elif movements:
            between.append(line)
        else:
            head.append(line)
    if movements:
        movements[-1] += between
    texts = ["\n".join([*head, *lines]) + "\n" for lines in movements]
    return texts, [_movement_name(lines) for lines in movements]


def _movement_name(lines: list[str]) -> str:
    found = [re.match(r"!!!(?:OMD|OTL)[^:]*:\s*(.*?)\s*$", line) for line in lines]
    return next((match[1] for match in found if match), "")
