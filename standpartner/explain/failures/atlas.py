"""The failure atlas: every lost moment of some pieces, by cause, with pictures."""

import html
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from standpartner.constants import CM_PER_STRIP_PX, FRAME_RATE_HZ
from standpartner.errors import OutputError
from standpartner.evaluate.players import AgentPlayer
from standpartner.explain.failures.causes import CAUSES, OTHER, CauseRules, LostMoment, cause_of, chance, lost_moment
from standpartner.explain.traces.picture import Painter
from standpartner.explain.traces.show import Show
from standpartner.explain.traces.trace import record_traces
from standpartner.game.rules import GameConfig
from standpartner.piece import Piece
from standpartner.support.embed import drawing_png
from standpartner.support.files import make_folder, write_text
from standpartner.support.report_page import linked_image, report_page, table

_PIECES_AT_ONCE = 8  # which bounds the memory of their traces
_BAR_PX = 200  # of a table's longest bar
_NO_SOUND = np.zeros(0, np.float32)

Told = Callable[[int], None]  # how many pieces are played


@dataclass(frozen=True)
class Played:
    """All that was played for an atlas.

    Attributes:
        agent: name.
        what: corpus and split, in some words.
        game: name of the rules.
        pieces: how many.
        performances: alike.
        moments: the lost ones.
    """

    agent: str
    what: str
    game: str
    pieces: int
    performances: int
    moments: tuple[LostMoment, ...]


def find_moments(
    agent: AgentPlayer,
    pieces: Iterable[Piece],
    *,
    game: GameConfig,
    what: str,
    rules: CauseRules | None = None,
    told: Told | None = None,
) -> Played:
    """Let an agent play all performances of some pieces, greedily, and examine every lost moment.

    Args:
        agent: that acts.
        pieces: as they are heard.
        game: the rules.
        what: they are, in some words.
        rules: of the causes.
        told: of progress.

    Raises:
        AgentError: the agent takes no actions.
        ConfigError: the agent sees other windows than the game shows.
    """
    moments: list[LostMoment] = []
    played = performances = 0
    left = iter(pieces)
    while some := list(islice(left, _PIECES_AT_ONCE)):
        tracks = [(piece.score, track) for piece in some for track in piece.tracks()]
        traces = record_traces(agent, [track for _, track in tracks], game=game)
        for (score, _), trace in zip(tracks, traces, strict=True):
            moment = lost_moment(trace, score, rules)
            moments += [moment] if moment else []
        played, performances = played + len(some), performances + len(tracks)
        if told:
            told(played)
    return Played(agent.name, what, game.name, played, performances, tuple(moments))


def write_atlas(folder: Path, played: Played, *, rules: CauseRules | None = None) -> Path:
    """Write ``index.html``, ``failures.json`` and two pictures of each moment.

    Args:
        folder: made if missing.
        played: what is shown.
        rules: that the moments were examined by.

    Returns:
        The page.

    Raises:
        OutputError: something cannot be written.
    """
    make_folder(folder / "moments")
    by_chance = chance(played.moments)
    causes = [cause_of(moment, by_chance) for moment in played.moments]
    for moment in played.moments:
        _write_pictures(folder, moment, played.agent)
    content = {
        **{key: getattr(played, key) for key in ("agent", "what", "game", "pieces", "performances")},
        "rules": asdict(rules or CauseRules()),
        "chance": by_chance,
        "moments": [_as_json(moment, cause) for moment, cause in zip(played.moments, causes, strict=True)],
    }
    write_text(folder / "failures.json", json.dumps(content, indent=1) + "\n")
    page = folder / "index.html"
    write_text(page, _page(played, causes, by_chance))
    return page


def _still_name(moment: LostMoment, which: str) -> str:
    return f"moments/{moment.trace.track.name.replace('/', '--')}--{which}.png"


def _write_pictures(folder: Path, moment: LostMoment, agent: str) -> None:
    show = Show(moment.score.title or moment.trace.track.name, agent, moment.trace, moment.score, _NO_SOUND)
    painter = Painter(show)
    for which, frame in (("left", moment.left_frame), ("lost", moment.lost_frame)):
        path = folder / _still_name(moment, which)
        try:
            path.write_bytes(drawing_png(painter.paint(frame)))
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}; make room") from error


def _as_json(moment: LostMoment, cause: str) -> dict[str, Any]:
    trace = moment.trace
    state = moment.lost_frame - trace.first_frame
    place = moment.score.place(trace.target_px[state])
    return {
        "performance": trace.track.name,
        "cause": cause,
        "applies": moment.applies,
        "left_s": moment.left_frame / FRAME_RATE_HZ,
        "lost_s": moment.lost_frame / FRAME_RATE_HZ,
        "target_px": round(float(trace.target_px[state]), 1),
        "error_px": round(float(trace.error_px[state]), 1),
        "measure": str(moment.score.measures.label[int(place.measure)]),
        "pictures": [_still_name(moment, which) for which in ("left", "lost")],
    }


def _page(played: Played, causes: Sequence[str], by_chance: dict[str, float]) -> str:
    count = len(played.moments)
    lead = (
        f"{played.agent} on {played.what} ({played.game} rules, greedy): lost in {count} of {played.performances} "
        f"performances of {played.pieces} pieces."
    )
    body = _counts(played.moments, causes, by_chance)
    for cause in (*CAUSES, OTHER):
        cards = [_card(moment) for moment, its in zip(played.moments, causes, strict=True) if its == cause]
        if cards:
            body += f"<h2>{cause}: {len(cards)} of {count}</h2>\n{''.join(cards)}"
    return report_page("Failure atlas", lead=lead, body=body)


def _counts(moments: Sequence[LostMoment], causes: Sequence[str], by_chance: dict[str, float]) -> str:
    if not moments:
        return "<p>No performance was lost: there is nothing to show.</p>"
    named, longest = Counter(causes), _BAR_PX / len(moments)
    rows: list[tuple[object, ...]] = []
    for cause in CAUSES:
        applies = sum(cause in moment.applies for moment in moments)
        expected = by_chance[cause] * len(moments)
        bars = f'<span class="bar" style="width:{applies * longest:.0f}px"></span> {applies}<br>'
        bars += f'<span class="bar chance" style="width:{expected * longest:.0f}px"></span> {expected:.1f}'
        rows.append((cause, named[cause], bars, f"{applies / expected:.1f}" if expected else "-"))
    rows.append((OTHER, named[OTHER], "", ""))
    words = (
        "A cause applies if what its rule asks for stands where the agent left the music and lost it; the outlined bar "
        "is how often that would be so if the same errors had happened anywhere else in the same performances. Where "
        "the two are alike, the cause explains nothing. Of the causes that apply to a moment, it is called by the one "
        "that is rarest elsewhere."
    )
    headings = ("cause", "called so", "applies / expected anywhere", "ratio")
    return table(headings, rows) + f"<p>{words} The rules are in docs/insight.md.</p>\n"


def _card(moment: LostMoment) -> str:
    trace = moment.trace
    error_cm = float(trace.error_px[moment.lost_frame - trace.first_frame]) * CM_PER_STRIP_PX
    left_s, lost_s = moment.left_frame / FRAME_RATE_HZ, moment.lost_frame / FRAME_RATE_HZ
    words = (
        f"left the music at {left_s:.1f} s, lost at {lost_s:.1f} s, {abs(error_cm):.1f} cm "
        f"{'ahead' if error_cm > 0 else 'behind'}; applies: {', '.join(moment.applies) or 'none'}"
    )
    name = html.escape(trace.track.name)
    pictures = "".join(
        linked_image(_still_name(moment, which), f"{trace.track.name}, {which}") for which in ("left", "lost")
    )
    return f'<h3>{name}</h3><small>{words}</small><div class="pictures">{pictures}</div>\n'
