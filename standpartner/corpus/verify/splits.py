"""Verifies that no music is in two splits, in all data sets together."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from standpartner.corpus.same_music import FIXED
from standpartner.corpus.store import Corpus
from standpartner.corpus.verify.music_comparison import (
    DEFAULT_COMPARISON,
    ComparisonConfig,
    Melody,
    SameMusic,
    find_same_music,
    top_voice,
)
from standpartner.score import load_score


@dataclass(frozen=True)
class SplitReport:
    """The result of comparing the pieces of several corpora.

    Attributes:
        compared: The number of pieces of each corpus.
        same: The pairs of pieces that are the same music and are in different splits, the most alike first.
        config: The conditions on which two pieces are the same music.
    """

    compared: dict[str, int]
    same: tuple[SameMusic, ...]
    config: ComparisonConfig

    @property
    def published(self) -> tuple[SameMusic, ...]:
        """The pairs within MSMD, whose split its authors published; they are allowed."""
        return tuple(pair for pair in self.same if _is_published(pair))

    @property
    def clashes(self) -> tuple[SameMusic, ...]:
        """The pairs that are not allowed; one of the two pieces has to change its split."""
        return tuple(pair for pair in self.same if not _is_published(pair))

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain objects."""
        return {
            "compared": self.compared,
            "config": asdict(self.config),
            "clashes": [_to_json(pair) for pair in self.clashes],
            "published": [_to_json(pair) for pair in self.published],
        }


def verify_splits(
    corpora: Sequence[Corpus],
    config: ComparisonConfig = DEFAULT_COMPARISON,
    *,
    report: Callable[[str, int], None] = lambda task, total: None,
) -> SplitReport:
    """Compare the music of all built pieces of some corpora.

    Args:
        corpora: The corpora, each of which must be built at least in part.
        config: The conditions on which two pieces are the same music.
        report: The function that is called after each step with the name of its task and the number of steps of that
            task.

    Raises:
        CorpusError: Nothing of a corpus is built.
        ScoreError: A piece cannot be read.
    """
    names = [(corpus, name) for corpus in corpora for name in corpus.names()]
    melodies = []
    for corpus, name in names:
        score = load_score(corpus.piece_folder(name) / "score.npz")
        melodies.append(Melody(corpus.name, name, corpus.splits[name][0], top_voice(score.notes)))
        report("reading pieces", len(names))
    same = find_same_music(melodies, config, report=lambda total: report("comparing melodies", total))
    return SplitReport(dict(Counter(melody.corpus for melody in melodies)), tuple(same), config)


def _is_published(pair: SameMusic) -> bool:
    return pair.first.corpus == pair.second.corpus == FIXED


def _to_json(pair: SameMusic) -> dict[str, Any]:
    first, second = (
        {"corpus": melody.corpus, "piece": melody.piece, "split": melody.split} for melody in (pair.first, pair.second)
    )
    numbers = {"share": round(pair.share, 3), "score": round(pair.score, 1), "semitones": pair.semitones}
    return {"first": first, "second": second, **numbers}
