"""Runs that several processes share, started by accelerate: python -m tests.tiny_processes OUT BASE

Each run is trained for two steps, made anew from its folder and trained for two more: copies of all weights in each
process and shards of them, our own small network and adapters on a base, that in bfloat16 too."""

import sys
from pathlib import Path

from tests import tiny_language_run as tiny
from training.language.lora import LoRA
from training.language.trainer import LanguageTrainer

NETWORKS = ("small", "adapters", "half")


def trainer(name: str, base: Path, out: Path, sharded: bool = False) -> LanguageTrainer:
    half = name == "half"
    network = tiny.small() if name == "small" else tiny.on_base(base, LoRA(rank=2, dropout=0.0), half=half)
    settings = tiny.config(
        steps=4, lr=1e-3, warmup=0.0, schedule="constant", sharded=sharded, precision="bf16" if half else "fp32"
    )
    return tiny.trainer(out, settings, network, measure=lambda net: {"loss": float(net(tiny.Fixed().next()).mean())})


if __name__ == "__main__":
    folder, base = map(Path, sys.argv[1:])
    for sharded in (False, True):
        for name in NETWORKS:
            for stop in (2, None):
                trainer(name, base, folder / ("shards" if sharded else "copies") / name, sharded).train(stop)
