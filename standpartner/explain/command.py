"""Whole runs behind the commands: from names to files."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from standpartner.corpus.store import find_piece, open_corpus
from standpartner.errors import ConfigError, PieceError
from standpartner.explain.checks import CheckConfig, check_attributions
from standpartner.explain.gradients import AttributionConfig, attribute
from standpartner.explain.gradient_picture import draw_moment
from standpartner.explain.moments import load_network, play_moments
from standpartner.follow.files import make_folder, write_text
from standpartner.game.rules import IntArray, find_config
from standpartner.piece import load_piece

_DRAWN = 8  # frames without a wish


@dataclass(frozen=True)
class GradientRequest:
    """What to explain: agent, targets (see `AttributionConfig`), baseline, name of the rules."""

    agent: str
    targets: tuple[str, ...]
    baseline: str
    game: str

    def configs(self) -> list[AttributionConfig]:
        """One for each target.

        Raises:
            ConfigError: a name is not known.
        """
        return [AttributionConfig(target=target, baseline=self.baseline) for target in self.targets]


def check_gradients(
    request: GradientRequest, corpus: str, *, limit: int, count: int, progress: Callable[[int], object]
) -> list[dict[str, Any]]:
    """Check each target on random frames of a corpus's validation pieces: one row for each, for JSON.

    Args:
        request: what to explain.
        corpus: name.
        limit: pieces, evenly spread.
        count: frames.
        progress: called with the number of frames that were explained.
    """
    configs, network = request.configs(), load_network(request.agent)
    pieces = list(open_corpus(corpus).pieces("valid", limit=limit))
    rules, check = find_config(request.game), CheckConfig(frames=count)
    reports = [
        check_attributions(network, pieces, game=rules, config=config, check=check, progress=progress)
        for config in configs
    ]
    return [{"name": report.target} | report.to_json() for report in reports]


def draw_gradients(
    request: GradientRequest, piece: str, *, out: Path, frames: str | None, performance: int
) -> list[dict[str, Any]]:
    """Explain frames of one performance: a picture for each, ``gradients.npz`` with the maps, a row for each target.

    Args:
        request: what to explain.
        piece: name or folder.
        out: folder, made if missing.
        frames: "A:B" or "A:B:STEP" of the performance; None for eight, evenly spread.
        performance: number.

    Raises:
        ConfigError: frames or a target are wrong.
        PieceError: there is no such performance.
    """
    configs, network = request.configs(), load_network(request.agent)
    tracks = load_piece(find_piece(piece)).tracks()
    if performance >= len(tracks):
        raise PieceError(f"{piece} has {len(tracks)} performances; choose one from 0 to {len(tracks) - 1}")
    (played,) = play_moments(network, [tracks[performance]], game=find_config(request.game))
    moments = played.part(chosen_frames(frames, played.frame))
    make_folder(out)
    found = {config.target: attribute(network, moments, config) for config in configs}
    for k in range(len(moments)):
        draw_moment(moments.part(slice(k, k + 1)), found, k, path=out / f"frame-{moments.frame[k]:05d}.png")
    maps = {f"{name}_{part}": getattr(a, part) for name, a in found.items() for part in ("score", "spectrogram")}
    np.savez_compressed(out / "gradients.npz", frame=moments.frame, position_px=moments.position_px, **maps)
    rows = [
        {
            "name": name,
            "frames": len(moments),
            "completeness_error_max": float(a.error.max()),
            "points_mean": float(a.points.mean()),
        }
        for name, a in found.items()
    ]
    write_text(out / "gradients.json", json.dumps(rows, indent=1) + "\n")
    return rows


def chosen_frames(wanted: str | None, played: IntArray) -> IntArray:
    """Indices into the frames that were played.

    Args:
        wanted: "A:B" or "A:B:STEP", B excluded; None for eight, evenly spread.
        played: (n,) frames, one after the other.

    Raises:
        ConfigError: it is no such range, or none of it was played.
    """
    if wanted is None:
        return np.unique(np.linspace(0, len(played) - 1, _DRAWN).astype(np.int64))
    try:
        numbers = [int(word) for word in wanted.split(":")]
        chosen = np.isin(played, np.arange(*numbers)) if len(numbers) in (2, 3) else np.zeros(0, bool)
    except ValueError:
        chosen = np.zeros(0, bool)
    if not chosen.any():
        raise ConfigError(f"expected frames A:B or A:B:STEP within {played[0]}:{played[-1] + 1}, got {wanted!r}")
    return np.flatnonzero(chosen)
