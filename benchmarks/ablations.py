"""What each part of a training brings: runs that leave one out, and what their stages follow of the same pieces.

    python benchmarks/ablations.py RUN... [--corpus nottingham] [--split valid] [--sound as-built]

Prints a Markdown table with 95 % intervals over pieces; minutes are processor time of training until then.
"""

import argparse
import json
import tempfile
from pathlib import Path

from standpartner.corpus.store import Corpus, open_corpus
from standpartner.evaluate.run import EvaluationConfig, evaluate
from standpartner.learn.finish import finish_run
from standpartner.networks.checkpoint import load_checkpoint

HEADS_ONLY = ("pretrain", "seek")  # stages after which nothing follows music yet


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, help="folders of runs")
    parser.add_argument("--corpus", default="nottingham")
    parser.add_argument("--split", default="valid")
    parser.add_argument("--sound", default="as-built")
    options = parser.parse_args()
    print("| run | after | minutes | R_tue | R_on (strict) | error, cm | within 0.5 s |")
    print("|---|---|---|---|---|---|---|")
    corpus = open_corpus(options.corpus)
    for run in options.runs:
        for stage in json.loads((run / "config.json").read_text())["stages"]:
            checkpoint = run / f"{stage}.safetensors"
            if stage not in HEADS_ONLY and checkpoint.is_file():
                print(_row(checkpoint, corpus, split=options.split, sound=options.sound), flush=True)


def _row(checkpoint: Path, corpus: Corpus, *, split: str, sound: str) -> str:
    _, info, _ = load_checkpoint(checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        finish_run(checkpoint, Path(folder), command="standpartner train")
        report = evaluate(EvaluationConfig(agent=folder, split=split, sound=sound), corpus)
    shares = [
        f"{report[name]:.3f} ({low:.3f}-{high:.3f})"
        for name in ("r_tue", "r_on")
        for low, high in [report["intervals"][name]]
    ]
    others = [f"{report['error_cm_mean']:.3f}", f"{report['within_s']['0.5']:.3f}"]
    cells = [f"`{info['config']['name']}`", info["stage"], f"{info['seconds'] / 60:.0f}", *shares, *others]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
