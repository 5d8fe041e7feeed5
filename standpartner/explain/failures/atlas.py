"""Writes the failure atlas: where an agent is lost in some pieces, by cause, with pictures."""

import html
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
from standpartner.explain.failures.causes import (
    CAUSES,
    OTHER,
    CauseRules,
    Failure,
    control_rates,
    find_failure,
    name_cause,
)
from standpartner.explain.traces.painter import Painter
from standpartner.explain.traces.presentation import Presentation
from standpartner.explain.traces.trace import record_traces
from standpartner.game.rules import GameConfig
from standpartner.piece import Piece
from standpartner.support.embed import drawing_png
from standpartner.support.files import make_folder, write_json, write_text
from standpartner.support.report_page import linked_image, report_page, table

_PIECES_AT_ONCE = 8  # bounds the memory of their traces
_LONGEST_BAR_PX = 200
_NO_SOUND = np.zeros(0, np.float32)


@dataclass(frozen=True)
class FailureSurvey:
    """All failures of an agent on some pieces.

    Attributes:
        agent: The name of the agent.
        what: The corpus and split in a short description.
        game: The name of the rules.
        pieces: The number of pieces.
        performances: The number of performances.
        failures: The failures.
    """

    agent: str
    what: str
    game: str
    pieces: int
    performances: int
    failures: tuple[Failure, ...]


def survey_failures(
    agent: AgentPlayer,
    pieces: Iterable[Piece],
    *,
    game: GameConfig,
    what: str,
    rules: CauseRules | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> FailureSurvey:
    """Let an agent play all performances of some pieces, greedily, and examine every failure.

    Args:
        agent: The agent, which has to act.
        pieces: The pieces in the setting in which they are heard.
        game: The rules of the game.
        what: A short description of the pieces.
        rules: The numbers of the causes' rules.
        progress: The function that is called with the number of pieces that were played.

    Raises:
        AgentError: The agent takes no actions.
        ConfigError: The agent sees other windows than the game shows.
    """
    failures: list[Failure] = []
    played = performances = 0
    left = iter(pieces)
    while some := list(islice(left, _PIECES_AT_ONCE)):
        tracks = [(piece.score, track) for piece in some for track in piece.tracks()]
        traces = record_traces(agent, [track for _, track in tracks], game=game)
        for (score, _), trace in zip(tracks, traces, strict=True):
            failure = find_failure(trace, score, rules)
            failures += [failure] if failure else []
        played, performances = played + len(some), performances + len(tracks)
        progress(played)
    return FailureSurvey(agent.name, what, game.name, played, performances, tuple(failures))


def write_atlas(folder: Path, survey: FailureSurvey, *, rules: CauseRules | None = None) -> Path:
    """Write ``index.html``, ``failures.json`` and two pictures of each failure.

    Args:
        folder: The folder to write to; it is made if it is missing.
        survey: The failures.
        rules: The numbers of the rules by which the failures were examined.

    Returns:
        The file of the page.

    Raises:
        OutputError: A file cannot be written.
    """
    make_folder(folder / "moments")
    rates = control_rates(survey.failures)
    causes = [name_cause(failure, rates) for failure in survey.failures]
    for failure in survey.failures:
        _write_pictures(folder, failure, survey.agent)
    content = {
        **{key: getattr(survey, key) for key in ("agent", "what", "game", "pieces", "performances")},
        "rules": asdict(rules or CauseRules()),
        "chance": rates,
        "moments": [_as_json(failure, cause) for failure, cause in zip(survey.failures, causes, strict=True)],
    }
    write_json(folder / "failures.json", content)
    page = folder / "index.html"
    write_text(page, _page(survey, causes, rates))
    return page


def _picture_name(failure: Failure, which: str) -> str:
    return f"moments/{failure.trace.track.name.replace('/', '--')}--{which}.png"


def _write_pictures(folder: Path, failure: Failure, agent: str) -> None:
    shown = Presentation(
        failure.score.title or failure.trace.track.name, agent, failure.trace, failure.score, _NO_SOUND
    )
    painter = Painter(shown)
    for which, frame in (("left", failure.departure_frame), ("lost", failure.lost_frame)):
        path = folder / _picture_name(failure, which)
        try:
            path.write_bytes(drawing_png(painter.paint(frame)))
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}; make room") from error


def _as_json(failure: Failure, cause: str) -> dict[str, Any]:
    trace = failure.trace
    state = failure.lost_frame - trace.first_frame
    place = failure.score.place(trace.target_px[state])
    return {
        "performance": trace.track.name,
        "cause": cause,
        "applies": failure.applies,
        "left_s": failure.departure_frame / FRAME_RATE_HZ,
        "lost_s": failure.lost_frame / FRAME_RATE_HZ,
        "target_px": round(float(trace.target_px[state]), 1),
        "error_px": round(float(trace.error_px[state]), 1),
        "measure": str(failure.score.measures.label[int(place.measure)]),
        "pictures": [_picture_name(failure, which) for which in ("left", "lost")],
    }


def _page(survey: FailureSurvey, causes: Sequence[str], rates: dict[str, float]) -> str:
    count = len(survey.failures)
    lead = (
        f"{survey.agent} on {survey.what} ({survey.game} rules, greedy): lost in {count} of {survey.performances} "
        f"performances of {survey.pieces} pieces."
    )
    body = _counts(survey.failures, causes, rates)
    for cause in (*CAUSES, OTHER):
        cards = [_card(failure) for failure, its in zip(survey.failures, causes, strict=True) if its == cause]
        if cards:
            body += f"<h2>{cause}: {len(cards)} of {count}</h2>\n{''.join(cards)}"
    return report_page("Failure atlas", lead=lead, body=body)


def _counts(failures: Sequence[Failure], causes: Sequence[str], rates: dict[str, float]) -> str:
    if not failures:
        return "<p>No performance was lost: there is nothing to show.</p>"
    named, longest = Counter(causes), _LONGEST_BAR_PX / len(failures)
    rows: list[tuple[object, ...]] = []
    for cause in CAUSES:
        applies = sum(cause in failure.applies for failure in failures)
        expected = rates[cause] * len(failures)
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


def _card(failure: Failure) -> str:
    trace = failure.trace
    error_cm = float(trace.error_px[failure.lost_frame - trace.first_frame]) * CM_PER_STRIP_PX
    departure_s, lost_s = failure.departure_frame / FRAME_RATE_HZ, failure.lost_frame / FRAME_RATE_HZ
    words = (
        f"left the music at {departure_s:.1f} s, lost at {lost_s:.1f} s, {abs(error_cm):.1f} cm "
        f"{'ahead' if error_cm > 0 else 'behind'}; applies: {', '.join(failure.applies) or 'none'}"
    )
    name = html.escape(trace.track.name)
    pictures = "".join(
        linked_image(_picture_name(failure, which), f"{trace.track.name}, {which}") for which in ("left", "lost")
    )
    return f'<h3>{name}</h3><small>{words}</small><div class="pictures">{pictures}</div>\n'
