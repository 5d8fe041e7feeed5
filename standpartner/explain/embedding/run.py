"""Runs the command ``explain embedding``: from names of agent and corpus to files with map and findings."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from standpartner.corpus.store import open_corpus
from standpartner.evaluate.run import game_for
from standpartner.evaluate.sound import performance_audio
from standpartner.explain.activations.recording import record_activations
from standpartner.explain.activations.registry import load_network
from standpartner.explain.embedding.findings import find_all
from standpartner.explain.embedding.page import MapPage, write_map_page
from standpartner.explain.embedding.points import Points
from standpartner.explain.embedding.tsne_map import draw_map, place_on_map
from standpartner.support.files import prepare_outputs, write_json


@dataclass(frozen=True)
class EmbeddingRequest:
    """The agent, the pieces and the settings of an embedding map.

    Attributes:
        agent: The agent's name or folder.
        corpus: The name of a built corpus.
        split: The split of the corpus.
        game: The name of the rules; None stands for those of the corpus.
        limit: The largest number of pieces, of each of which the first performance is played.
        points: The largest number of points on the map. The findings are made of all frames.
        seed: The seed of the map and of the intervals.
        sound: Whether the page holds the sound.
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
    """Play the pieces, map and measure their embeddings, and write ``embedding.png``, ``.svg``, ``.html``, ``.json``.

    Args:
        request: The request.
        out: The folder to write to; it is made if it is missing.

    Returns:
        The content of ``embedding.json``: the request, ``size`` of the embedding, ``frames``, ``mapped``, ``findings``.
    """
    network, rules = load_network(request.agent), game_for(request.corpus, request.game)
    corpus = open_corpus(request.corpus)
    prepare_outputs(*(out / f"embedding.{kind}" for kind in ("png", "svg", "html", "json")))
    pieces = list(corpus.pieces(request.split, limit=request.limit))
    tracks = [piece.tracks()[0] for piece in pieces]
    played = record_activations(network, tracks, game=rules)
    points = Points.of(pieces, played, window_px=network.seen_width_px)
    mapped = points.thinned(request.points)
    places = place_on_map(mapped.embedding, seed=request.seed)
    size = points.embedding.shape[1]
    title = f"What the heads of {request.agent} stand on ({size} numbers), {request.corpus} {request.split}"
    draw_map(places, mapped, title=title, paths=[out / "embedding.png", out / "embedding.svg"])
    sounds = [performance_audio(piece.performances[0]) for piece in pieces] if request.sound else []
    page = MapPage(title, places, mapped, tracks=tracks, sounds=sounds, window_px=network.seen_width_px)
    write_map_page(out / "embedding.html", page)
    findings = [finding.to_json() for finding in find_all(points, seed=request.seed)]
    report = asdict(request) | {"size": size, "frames": len(points), "mapped": len(mapped), "findings": findings}
    write_json(out / "embedding.json", report)
    return report
