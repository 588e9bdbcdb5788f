"""How well a network writes the codes of motions that it has never seen: answers in digits, the truth before each
token given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F

from backend.systems.prompts import Speech
from training.language.examples import IGNORED, Example, batch

MEASURES = {"loss": "loss a token", "accuracy": "right tokens", "right_codes": "right codes"}
"""by name, as a reader is told; a code is right when each of its digits and the comma behind them is the likeliest"""
TOGETHER = 8
"""rows of a batch"""


@torch.no_grad()
def measure(
    network: torch.nn.Module, samples: Mapping[str, Sequence[Example]], speech: Speech
) -> dict[str, dict[str, float]]:
    """Task -> MEASURES over all tokens or codes of the answers of its samples; targets are the answers alone."""
    network.eval()
    ends = [speech.text.eos, *speech.spelled(",")]
    return {task: _measured(network, rows, speech.text.pad, ends) for task, rows in samples.items()}


def _measured(network, rows: Sequence[Example], pad: int, ends: Sequence[int]) -> dict[str, float]:
    rows = sorted(rows, key=lambda row: len(row.ids))
    device = next(network.parameters()).device
    losses, right, codes = [], [], []
    for start in range(0, len(rows), TOGETHER):
        some = batch(rows[start : start + TOGETHER], pad).to(device)
        wanted, logits = some.targets[some.targets != IGNORED], network(some).float()
        losses.append(F.cross_entropy(logits, wanted, reduction="none").cpu().numpy())
        right.append((logits.argmax(-1) == wanted).cpu().numpy())
        codes.append(_codes(right[-1], np.isin(wanted.cpu().numpy(), ends)))
    means = [np.concatenate(each).mean() for each in (losses, right, codes)]
    return {name: round(float(mean), 4) for name, mean in zip(MEASURES, means, strict=True)}


def _codes(right: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Of answers in a row, per token whether it is right and whether a code ends with it -> per code."""
    starts = np.flatnonzero(np.concatenate([[True], ends[:-1]]))
    return np.logical_and.reduceat(right, starts)
