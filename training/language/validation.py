"""What a network is worth on motions that it was not trained on: the loss of each task, the same samples every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F

from .examples import IGNORED, Example, Examples, Mixture, batch
from .items import Item
from .tasks import Drawing

CALM = Drawing(without_length=0.0, without_text=0.0, silent=0.0, fixed=True)
NO_TEXT = "no_text"


def calm(mixture: Mixture) -> Mixture:
    """The tasks as they will be asked: nothing is dropped or replaced."""
    return replace(mixture, drawing=CALM, replaced=(0.0, 0.0), paraphrased=False)


def held_out(items: Sequence[Item], examples: Examples) -> dict[str, list[Example]]:
    """Task -> one sample of each item, its caption and variant drawn once. ``no_text`` asks for motions without a
    caption: what is lost then, the text is worth."""
    parts = {task: (task, items) for task in examples.mixture.tasks}
    silent = [replace(item, captions=[""]) for item in items]
    for task in {"text_to_motion", "holistic"} & parts.keys():
        parts[NO_TEXT] = (task, silent)
    out = {}
    for name, (task, motions) in parts.items():
        rng = np.random.default_rng(0)
        out[name] = [examples.draw(task, item, rng) for item in motions]
    return out


@torch.no_grad()
def losses(
    network: torch.nn.Module, samples: Mapping[str, Sequence[Example]], tokens: int, pad: int
) -> dict[str, float]:
    """Mean cross-entropy and accuracy a target of each task; "loss" and "accuracy" are the means over the tasks."""
    found = {name: _measured(network, rows, tokens, pad) for name, rows in samples.items()}
    loss, accuracy = np.mean([numbers for name, numbers in found.items() if name != NO_TEXT], axis=0)
    numbers = {"loss": loss, "accuracy": accuracy}
    for name, (loss, accuracy) in found.items():
        numbers |= {f"loss_{name}": loss, f"accuracy_{name}": accuracy}
    return {name: round(float(number), 4) for name, number in numbers.items()}


def _measured(network, rows: Sequence[Example], tokens: int, pad: int) -> tuple[float, float]:
    """Mean loss and share of right answers over all targets."""
    device = next(network.parameters()).device
    sums = np.zeros(3)
    rows = sorted(rows, key=lambda row: len(row.ids))
    while rows:
        size = max(1, tokens // len(rows[-1].ids))
        rows, some = rows[:-size], batch(rows[-size:], pad).to(device)
        wanted = some.targets[some.targets != IGNORED]
        logits = network(some).float()
        right = (logits.argmax(-1) == wanted).sum()
        sums += [float(F.cross_entropy(logits, wanted, reduction="sum")), float(right), len(wanted)]
    return sums[0] / sums[2], sums[1] / sums[2]
