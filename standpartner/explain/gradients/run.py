"""Runs the command ``explain gradients``: from names of agents and pieces to pictures and numbers in files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from standpartner.corpus.store import find_piece, open_corpus
from standpartner.errors import ConfigError, PieceError
from standpartner.evaluate.run import game_for
from standpartner.explain.activations.activations import Activations
from standpartner.explain.activations.recording import record_activations
from standpartner.explain.activations.registry import load_network
from standpartner.explain.gradients.attribution import Attribution, AttributionConfig, attribute
from standpartner.explain.gradients.frame_picture import draw_frame
from standpartner.explain.gradients.sanity_checks import CheckConfig, check_attributions
from standpartner.game.rules import IntArray
from standpartner.piece import load_piece
from standpartner.support.files import make_folder, write_json

_DEFAULT_FRAMES: Final = 8


@dataclass(frozen=True)
class GradientRequest:
    """The agent, the targets and the rules of explanations.

    Attributes:
        agent: The agent's name or folder.
        targets: The targets, one or more, see `AttributionConfig`.
        baseline: The baseline, see `AttributionConfig`.
        game: The name of the rules; None stands for those of the corpus.
    """

    agent: str
    targets: tuple[str, ...]
    baseline: str
    game: str | None

    def configs(self) -> list[AttributionConfig]:
        """Make the configuration for each target.

        Raises:
            ConfigError: A name is not known.
        """
        return [AttributionConfig(target=target, baseline=self.baseline) for target in self.targets]


def check_gradients(
    request: GradientRequest, corpus: str, *, limit: int, count: int, progress: Callable[[int], object]
) -> list[dict[str, Any]]:
    """Check each target on random frames of a corpus's validation pieces.

    Args:
        request: The request.
        corpus: The name of the corpus.
        limit: The largest number of pieces, evenly spread.
        count: The number of frames.
        progress: The function that is called with the number of frames that were explained.

    Returns:
        A row for each target, ready for JSON.
    """
    configs, network = request.configs(), load_network(request.agent)
    pieces = list(open_corpus(corpus).pieces("valid", limit=limit))
    rules, check = game_for(corpus, request.game), CheckConfig(frames=count)
    reports = [
        check_attributions(network, pieces, game=rules, config=config, check=check, progress=progress)
        for config in configs
    ]
    return [{"name": report.target} | report.to_json() for report in reports]


def draw_gradients(
    request: GradientRequest, piece: str, *, out: Path, frames: str | None, performance: int
) -> list[dict[str, Any]]:
    """Explain frames of one performance and write a picture of each, ``gradients.npz`` with the maps, and the rows.

    Args:
        request: The request.
        piece: The piece's name or folder.
        out: The folder to write to; it is made if it is missing.
        frames: The frames of the performance, as "A:B" or "A:B:STEP"; None stands for eight, evenly spread.
        performance: The number of the performance, of which the first passage is explained.

    Returns:
        A row for each target, ready for JSON.

    Raises:
        ConfigError: The frames or a target are wrong.
        PieceError: There is no such performance, or it is too short.
    """
    configs, network = request.configs(), load_network(request.agent)
    folder = find_piece(piece)
    content, rules = load_piece(folder), game_for(folder.resolve().parents[1].name, request.game)
    if performance >= len(content.performances):
        count = len(content.performances)
        raise PieceError(f"{piece} has {count} performances; choose one from 0 to {count - 1}")
    tracks = [track for _, track in content.tracks_of(content.performances[performance])]
    if not tracks:
        raise PieceError(f"no passage of performance {performance} of {piece} is as long as a second; choose another")
    (played,) = record_activations(network, tracks[:1], game=rules)
    chosen = played.select(choose_frames(frames, played.frame))
    make_folder(out)
    found = {config.target: attribute(network, chosen, config) for config in configs}
    for k in range(len(chosen)):
        draw_frame(chosen.select(slice(k, k + 1)), found, k, path=out / f"frame-{chosen.frame[k]:05d}.png")
    return _write_numbers(out, chosen, found)


def _write_numbers(out: Path, chosen: Activations, found: Mapping[str, Attribution]) -> list[dict[str, Any]]:
    maps = {f"{name}_{part}": getattr(a, part) for name, a in found.items() for part in ("score", "spectrogram")}
    np.savez_compressed(out / "gradients.npz", frame=chosen.frame, position_px=chosen.position_px, **maps)
    rows = [
        {
            "name": name,
            "frames": len(chosen),
            "completeness_error_max": float(attribution.error.max()),
            "points_mean": float(attribution.points.mean()),
        }
        for name, attribution in found.items()
    ]
    write_json(out / "gradients.json", rows)
    return rows


def choose_frames(wanted: str | None, played: IntArray) -> IntArray:
    """Choose some of the played frames.

    Args:
        wanted: The frames as "A:B" or "A:B:STEP", where B itself is left out; None stands for eight frames, evenly
            spread.
        played: The frames that were played, one after the other, (n,).

    Returns:
        The indices of the chosen frames in ``played``.

    Raises:
        ConfigError: The text is not such a range, or none of its frames was played.
    """
    if wanted is None:
        return np.unique(np.linspace(0, len(played) - 1, _DEFAULT_FRAMES).astype(np.int64))
    try:
        first, end, *step = (int(word) for word in wanted.split(":"))
        asked = range(first, end, *step)  # it may be far longer than the performance
        chosen = np.array([index for index, frame in enumerate(played.tolist()) if frame in asked], np.int64)
    except (ValueError, TypeError):  # not numbers, too few, too many, a step of 0
        chosen = np.zeros(0, np.int64)
    if not len(chosen):
        raise ConfigError(f"expected frames A:B or A:B:STEP within {played[0]}:{played[-1] + 1}, got {wanted!r}")
    return chosen
