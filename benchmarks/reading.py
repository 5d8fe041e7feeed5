"""How many noteheads an agent names right on whole strips: what it knows of clefs, keys and accidentals.

    python benchmarks/reading.py AGENT CORPUS... [--split train|valid] [--pieces N]

A notehead is right if the logit of its key is above those of all keys that its column does not mean. The last columns
are of the noteheads of columns that mean one key, two, three, and more. Pieces from all over each corpus are read,
clean and whole.
"""

import argparse

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from standpartner.agent.find import find_agent
from standpartner.corpus.store import open_corpus
from standpartner.learn.data import TrainingSet, training_set
from standpartner.learn.reading import named_right
from standpartner.learn.scores import StretchMaker, score_batch
from standpartner.networks.checkpoint import load_checkpoint
from standpartner.networks.read_once import ReadOnceNetwork

MOST_KEYS = 4  # of a column; columns with more are counted with these


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("agent", help="name or folder")
    parser.add_argument("corpora", nargs="+", help="built corpora")
    parser.add_argument("--split", choices=("train", "valid"), default="valid")
    parser.add_argument("--pieces", type=int, default=13, help="how many of each corpus")
    options = parser.parse_args()
    torch.set_num_threads(1)
    network, _, _ = load_checkpoint(find_agent(options.agent) / "weights.safetensors")
    if not isinstance(network, ReadOnceNetwork) or network.pitch is None:
        parser.error(f"expected an agent that names pitches (carried), got {options.agent}")
    reader = nn.Sequential(network.strip, network.pitch).eval()
    print("| pieces of | pieces | noteheads | named right | within a semitone | one key | two | three | more |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for corpus in options.corpora:
        data = training_set(open_corpus(corpus).pieces(options.split, limit=options.pieces))
        meant, right, near = np.sum([_counts(reader, data, number) for number in range(len(data.pieces))], axis=0)
        shares = [right.sum() / meant.sum(), near.sum() / meant.sum(), *right / np.maximum(meant, 1)]
        cells = [corpus, len(data.pieces), meant.sum(), *(f"{share:.3f}" for share in shares)]
        print("|", " | ".join(map(str, cells)), "|", flush=True)


@torch.no_grad()
def _counts(reader: nn.Module, data: TrainingSet, number: int) -> NDArray[np.int64]:
    """Count a piece's noteheads, those that are named right, and those that are right within a semitone, (3, 4).

    Noteheads of one key in one column are one. Each is counted in columns that mean one key, two, three, and more.
    """
    maker = StretchMaker(data, columns=data.pieces[number].column_count, printed=0.0)
    batch = score_batch([maker.stretch(number, 0, np.random.default_rng(0))])
    logits = reader(torch.as_tensor(batch.ink))
    meant = torch.as_tensor(batch.pitches) > 0
    keys = meant.sum(-1).clamp(max=MOST_KEYS)
    found = (meant, *(named_right(logits, meant, semitones=far) for far in (0, 1)))
    return np.array([[int(which[keys == count].sum()) for count in range(1, MOST_KEYS + 1)] for which in found])


if __name__ == "__main__":
    main()
