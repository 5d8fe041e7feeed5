"""How well an agent's ``locate`` finds the music on validation pieces: where encoders, not the policy, are to blame.

    python benchmarks/locate.py AGENT CORPUS... [--batches N]

The windows stand up to 220 px beside the truth, as in pre-training, without its noise; the same batches every time.
"""

import argparse

import torch

from standpartner.agent.find import find_agent
from standpartner.corpus.store import open_corpus
from standpartner.learn.config import TrainConfig
from standpartner.learn.data import training_set
from standpartner.learn.pretrain import Pretrain
from standpartner.networks.checkpoint import load_checkpoint
from standpartner.networks.read_once import ReadOnceNetwork


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("agent", help="name or folder")
    parser.add_argument("corpora", nargs="+", help="built corpora")
    parser.add_argument("--batches", type=int, default=20, help="of 32 stretches of 48 frames")
    options = parser.parse_args()
    torch.set_num_threads(1)
    network, _, _ = load_checkpoint(find_agent(options.agent) / "weights.safetensors")
    if not isinstance(network, ReadOnceNetwork):
        parser.error(f"expected an agent with a read-once network, got {options.agent}")
    print("| validation pieces of | performances | located within 8 px | median error, px |\n|---|---:|---:|---:|")
    for corpus in options.corpora:
        data = training_set(open_corpus(corpus).pieces("valid"))
        config = TrainConfig(name="locate", corpus=corpus, seed=1)
        stage = Pretrain(network, data, config.pretrain, augment=config.augment, seed=config.seed)
        found = stage.validate(data, batches=options.batches)
        within, median = found["located/within_8_px"], found["located/median_px"]
        print(f"| {corpus} | {len(data.performances)} | {within:.3f} | {median:.2f} |", flush=True)


if __name__ == "__main__":
    main()
