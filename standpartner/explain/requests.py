"""Whole runs behind the commands: from names to files."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.corpus.store import find_piece, open_corpus
from standpartner.errors import ConfigError, PieceError
from standpartner.evaluate.run import game_for
from standpartner.evaluate.sound import performance_audio
from standpartner.explain.embedding.findings import find_all
from standpartner.explain.embedding.map import draw_map, map_points
from standpartner.explain.embedding.page import write_map_page
from standpartner.explain.embedding.points import Points
from standpartner.explain.gradients.attribution import AttributionConfig, attribute
from standpartner.explain.gradients.checks import CheckConfig, check_attributions
from standpartner.explain.gradients.picture import draw_moment
from standpartner.explain.replay import load_network, play_moments
from standpartner.game.rules import IntArray
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.piece import load_piece
from standpartner.support.files import make_folder, write_text

_DRAWN = 8  # frames without a wish


@dataclass(frozen=True)
class GradientRequest:
    """What to explain.

    Attributes:
        agent: name or folder.
        targets: one or more, see `AttributionConfig`.
        baseline: alike.
        game: name of the rules; None for those of the corpus.
    """

    agent: str
    targets: tuple[str, ...]
    baseline: str
    game: str | None

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
    rules, check = game_for(corpus, request.game), CheckConfig(frames=count)
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
    folder = find_piece(piece)
    tracks, rules = load_piece(folder).tracks(), game_for(folder.resolve().parents[1].name, request.game)
    if performance >= len(tracks):
        raise PieceError(f"{piece} has {len(tracks)} performances; choose one from 0 to {len(tracks) - 1}")
    (played,) = play_moments(network, [tracks[performance]], game=rules)
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
        first, end, *step = (int(word) for word in wanted.split(":"))
        chosen = np.flatnonzero(np.isin(played, range(first, end, *step)))
    except (ValueError, TypeError):  # not numbers, too few, too many, a step of 0
        chosen = np.zeros(0, np.int64)
    if not len(chosen):
        raise ConfigError(f"expected frames A:B or A:B:STEP within {played[0]}:{played[-1] + 1}, got {wanted!r}")
    return chosen


@dataclass(frozen=True)
class EmbeddingRequest:
    """What to map.

    Attributes:
        agent: name or folder.
        corpus: name of a built one.
        split: of it.
        game: name of the rules; None for those of the corpus.
        limit: at most so many pieces, of which the first performance is played.
        points: at most so many on the map; the findings are made of all frames.
        seed: of map and intervals.
        sound: whether the page has it.
    """

    agent: str
    corpus: str
    split: str
    game: str | None
    limit: int
    points: int
    seed: int
    sound: bool


def map_embedding(request: EmbeddingRequest, out: Path) -> dict[str, Any]:
    """Play, map and measure; writes ``embedding.png``, ``.svg``, ``.html`` and ``.json``.

    Args:
        request: what.
        out: folder, made if missing.

    Returns:
        The content of ``embedding.json``: the request, ``size`` of the embedding, ``frames``, ``mapped``, ``findings``.
    """
    network, rules = load_network(request.agent), game_for(request.corpus, request.game)
    pieces = list(open_corpus(request.corpus).pieces(request.split, limit=request.limit))
    tracks = [piece.tracks()[0] for piece in pieces]
    window_px = WINDOW_COLUMNS * COLUMN_STRIDE_PX if isinstance(network, ReadOnceNetwork) else rules.window_width_px
    points = Points.of(pieces, play_moments(network, tracks, game=rules), window_px=window_px)
    mapped = points.thinned(request.points)
    places = map_points(mapped.embedding, seed=request.seed)
    size = points.embedding.shape[1]
    title = f"What the heads of {request.agent} stand on ({size} numbers), {request.corpus} {request.split}"
    make_folder(out)
    draw_map(places, mapped, title=title, paths=[out / "embedding.png", out / "embedding.svg"])
    sounds = [performance_audio(piece.performances[0]) for piece in pieces] if request.sound else []
    write_map_page(
        out / "embedding.html", places, mapped, tracks=tracks, sounds=sounds, window_px=window_px, title=title
    )
    findings = [finding.to_json() for finding in find_all(points, seed=request.seed)]
    report = asdict(request) | {"size": size, "frames": len(points), "mapped": len(mapped), "findings": findings}
    write_text(out / "embedding.json", json.dumps(report, indent=1) + "\n")
    return report
