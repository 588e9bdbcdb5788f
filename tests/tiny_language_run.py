"""A language run so small that it takes a second: batches drawn from a seed, a network of two layers or a tiny base."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from backend.engines import base_model
from backend.models.config import LanguageModelConfig
from training.language.config import LanguageTraining
from training.language.examples import IGNORED, Batch, Example, batch
from training.language.hugging_face import OnBase
from training.language.lora import LoRA
from training.language.models import Small
from training.language.trainer import LanguageTrainer

ROWS = 8
"""of a step, whoever computes them"""
TOKENS = 40
ADAPTERS = LoRA(rank=2, dropout=0.1)


class Fixed:
    """Step after step the same eight rows of different lengths for everybody, shared out among micro-batches and
    processes."""

    def __init__(self, place=(0, 0), rank: int = 0, world: int = 1, parts: int = 1):
        self.place, self.rank, self.world, self.parts = tuple(place), rank, world, parts

    def next(self) -> Batch:
        given = self.place[1]
        self.place = (0, given + 1)
        step, part = divmod(given, self.parts)
        return batch(rows(step)[part * self.world + self.rank :: self.parts * self.world], 0)

    def step(self, parts: int) -> list[Batch]:
        return [self.next() for _ in range(parts)]


def rows(step: int) -> list[Example]:
    rng = np.random.default_rng(step)
    out = []
    for length in rng.integers(5, 20, ROWS):
        ids = rng.integers(0, TOKENS, length + 1)
        targets = ids[1:].copy()
        targets[: rng.integers(1, 4)] = IGNORED
        out.append(Example(ids[:-1], targets, 2))
    return out


def config(**values) -> LanguageTraining:
    plain = {"threads": 1, "precision": "fp32", "lr": 3e-3, "average": 0.9, "log_seconds": 1e-3}
    return LanguageTraining(**plain | values)


def small(dropout: float = 0.0) -> Small:
    torch.manual_seed(5)
    dropouts = dict.fromkeys(("residual_dropout", "embedding_dropout", "attention_dropout"), dropout)
    return Small(LanguageModelConfig(text_size=TOKENS, layers=2, width=16, heads=2, positions=32, **dropouts))


def on_base(folder: Path, lora: LoRA | None = ADAPTERS, added: int = 6, half: bool = False) -> OnBase:
    torch.manual_seed(5)
    return OnBase(folder, base_model.describe(folder), added, lora, half)


def trainer(out: Path, settings: LanguageTraining, network=None, **more) -> LanguageTrainer:
    def sampler(place, rank, world):
        return Fixed(place, rank, world, settings.accumulation)

    return LanguageTrainer(settings, small() if network is None else network, sampler, out, **more)


def killed(out: Path, saved: int, at: int, code: str) -> None:
    """Run ``code``, which makes a trainer ``run`` in the folder ``out``, in another process: it saves after ``saved``
    steps and is killed without a warning after ``at``."""
    script = f"""
import os, signal
from pathlib import Path
from tests import tiny_language_run as tiny
out = Path({str(out)!r})
{code}
def train_step(asked, original=run.train_step):
    if run.progress.step == {saved}:
        run.save()
    if run.progress.step == {at}:
        print("here", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    return original(asked)
run.train_step = train_step
run.train()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert done.stdout.strip().endswith("here"), done.stderr
