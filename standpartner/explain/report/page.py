"""Writes a training run as one page: curves of its log, its checkpoints on the same pieces, and their failures.

The page needs Matplotlib, Captum, and PyTorch, which reads the checkpoints. They are exported and then play as every
agent does.
"""

import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from standpartner.constants import CM_PER_STRIP_PX, FRAME_RATE_HZ
from standpartner.corpus.store import open_corpus
from standpartner.explain.failures.causes import departure_state
from standpartner.explain.gradients.trace_overlay import explain_trace
from standpartner.explain.report.charts import Line, key, line_chart, ribbon
from standpartner.explain.report.checkpoints import Checkpoint, play_checkpoints
from standpartner.explain.report.run_log import Row, read_run
from standpartner.explain.traces.painter import Painter
from standpartner.explain.traces.presentation import Presentation
from standpartner.explain.traces.trace import Trace
from standpartner.learn.config import TrainConfig
from standpartner.learn.run import rank
from standpartner.piece import Piece
from standpartner.support import palette
from standpartner.support.files import write_text
from standpartner.support.report_page import embedded_image, report_page, table

_MOST_PICTURED: Final = 6  # the largest number of pieces with pictures
_UNCHARTED: Final = ("stage", "step", "seconds", "clock_seconds", "minutes")
_GROUPS: Final = {"valid": "Validation", "episode": "Episodes it learns from", "located": "Locating", "loss": "Losses"}

Status = Callable[[str], object]  # called with words that say what is done now


def write_report(path: Path, folder: Path, *, pieces: int, progress: Status = lambda words: None) -> None:
    """Write the page about a run.

    Args:
        path: The file of the page.
        folder: The folder of the run.
        pieces: The number of pieces of the first corpus's validation split, evenly spread, that every checkpoint plays.
        progress: The function that is called with words that say what is done now.

    Raises:
        ConfigError: The folder holds no run.
        CorpusError: The run's corpus is not built.
        OutputError: The page cannot be written.
    """
    config, rows = read_run(folder)
    body = _curves(config, rows)
    if pieces:
        chosen = list(open_corpus(config.corpus).pieces("valid", limit=pieces))
        played = play_checkpoints(folder, config, chosen, progress=progress)
        body += _played(played, chosen) + (_lost(played[-1], chosen, progress=progress) if played else "")
    best = max((row for row in rows if "valid/r_on" in row), key=rank, default=None)
    lead = f"{config.name} on {', '.join((config.corpus, *config.also))}; {len(rows)} lines of log."
    if best:
        lead += f" Best on validation: stage {best['stage']}, step {best['step']}, R_on {best['valid/r_on']:.3f}."
    write_text(path, report_page(f"Training run {folder.resolve().name}", lead=lead, body=body))


def _curves(config: TrainConfig, rows: Sequence[Row]) -> str:
    steps = {stage: getattr(config, stage).steps for stage in config.stages}
    before = {stage: sum(list(steps.values())[:k]) for k, stage in enumerate(steps)}
    colours = dict(zip(config.stages, palette.SERIES, strict=False))
    names = list(dict.fromkeys(name for row in rows for name in row if name not in _UNCHARTED))
    groups: dict[str, list[str]] = {group: [] for group in _GROUPS}
    for name in names:
        groups.setdefault(name.partition("/")[0] if name.partition("/")[0] in _GROUPS else "other", []).append(name)
    body = f"<p>Colours: {key({stage: colours[stage] for stage in dict.fromkeys(row['stage'] for row in rows)})}. "
    body += "Lines are means of neighbouring steps, the shade behind them their extremes.</p>"
    for group, members in groups.items():
        if members:
            figures = "".join(_figure(name, rows, before=before, colours=colours) for name in members)
            body += f'<h2>{_GROUPS.get(group, "Others")}</h2><div class="grid">{figures}</div>\n'
    return body


def _figure(name: str, rows: Sequence[Row], *, before: Mapping[str, int], colours: Mapping[str, str]) -> str:
    lines = []
    for stage, colour in colours.items():
        points = [(before[stage] + row["step"], row[name]) for row in rows if row["stage"] == stage and name in row]
        known = np.array([point for point in points if np.isfinite(point[1])], np.float64)
        if len(known):
            lines.append(Line(known[:, 0], known[:, 1], colour))
    chart = line_chart(lines, x_label="steps of the run", words=f"{name} over the run") if lines else "never finite"
    return f"<figure><h3>{html.escape(name)}</h3>{chart}</figure>"


def _played(checkpoints: Sequence[Checkpoint], pieces: Sequence[Piece]) -> str:
    if not checkpoints:
        return "<h2>Validation pieces</h2><p>No checkpoint of the run has learnt to act yet.</p>"
    words = (
        "Every kept checkpoint plays the same performances, greedily. Height: distance to the target, lost at the top; "
        f"{key({'until it is lost': palette.AGENT.css, 'from then on': palette.TARGET.css})}."
    )
    rows = [
        (html.escape(pieces[k].name), *(_outcome(checkpoint.traces[k]) for checkpoint in checkpoints))
        for k in _worst_first(checkpoints[-1])
    ]
    headings = ("piece", *(f"{checkpoint.name}<br>{checkpoint.words}" for checkpoint in checkpoints))
    return f"<h2>Validation pieces over the run</h2><p>{words}</p>{table(headings, rows)}"


def _worst_first(checkpoint: Checkpoint) -> list[int]:
    """Return the indices of the pieces, the one that was followed the least first."""
    return sorted(range(len(checkpoint.traces)), key=lambda k: _reached(checkpoint.traces[k]))


def _reached(trace: Trace) -> float:
    """Return the share of the performance that was followed before the agent was lost."""
    return 1.0 if trace.lost_frame is None else (trace.lost_frame - trace.first_frame) / (trace.states - 1)


def _outcome(trace: Trace) -> str:
    share = np.abs(trace.error_px) / trace.game.bound_px
    lost = None if trace.lost_frame is None else trace.lost_frame - trace.first_frame
    error_cm = float(np.abs(trace.error_px[:lost]).mean()) * CM_PER_STRIP_PX
    if trace.lost_frame is None:
        words = "to the end"
    else:
        words = f'<span class="lost">lost at {trace.lost_frame / FRAME_RATE_HZ:.1f} s</span> ({_reached(trace):.0%})'
    return (
        f"{ribbon(share, lost_from=lost, words='distance to the target')}<br><small>{words}, {error_cm:.2f} cm</small>"
    )


def _lost(checkpoint: Checkpoint, pieces: Sequence[Piece], *, progress: Status) -> str:
    body = f"<h2>Where {checkpoint.name} is lost</h2>"
    lost = [k for k in _worst_first(checkpoint) if checkpoint.traces[k].lost_frame is not None][:_MOST_PICTURED]
    if not lost:
        return f"{body}<p>It is lost in none of them.</p>"
    body += (
        "<p>Of each piece two frames: the last one at which it was with the music, and the first one at which it was "
        "lost. Coloured is what spoke for and against the action that it took there, and the one that lost it.</p>"
    )
    for k in lost:
        progress(f"explaining {pieces[k].name}")
        body += _loss(checkpoint, pieces[k], checkpoint.traces[k])
    return body


def _loss(checkpoint: Checkpoint, piece: Piece, trace: Trace) -> str:
    """Show where the agent was last with the music and where it was lost, with attributions of its actions."""
    departed, lost = departure_state(trace), trace.state_at(trace.lost_frame or 0)
    why = explain_trace(checkpoint.network, trace, decisions=sorted({departed, lost - 1}))
    shown = Presentation(
        piece.score.title or piece.name, checkpoint.name, trace, piece.score, np.zeros(0, np.float32), why
    )
    painter = Painter(shown)
    words = f"{piece.name}: {checkpoint.name} is lost at {(trace.lost_frame or 0) / FRAME_RATE_HZ:.1f} s"
    pictures = "".join(embedded_image(painter.paint(trace.first_frame + state), words) for state in (departed, lost))
    return f'<h3>{html.escape(words)}</h3><div class="pictures">{pictures}</div>\n'
