"""The published objective of the motion tokenizer (papers.md 2.3), on the rows of any codec: how far features are off,
those that say where the joints are once more. (T2M-GPT calls that term "velocity"; it is on positions.)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class RowLossWeights:
    """Weights of the terms; that of all features is one."""

    positions: float = 0.5
    commitment: float = 0.02


class RowLoss(nn.Module):
    """Loss between normalised rows (B, T, D) under a mask (B, T); returns the total and the parts as a dict."""

    def __init__(self, weights: RowLossWeights, positions: slice):
        """``positions``: where a row holds them, ``layout["positions"]`` of its codec."""
        super().__init__()
        self.weights, self.positions = weights, positions

    def forward(self, out: torch.Tensor, truth: torch.Tensor, mask: torch.Tensor, phase: int = 0):
        """As of ``MotionLoss``; every frame counts in every phase."""
        distance = F.smooth_l1_loss(out, truth, reduction="none")
        frames = mask.to(out.dtype)
        count = frames.sum().clamp(min=1)
        parts = {
            "features": (distance.mean(-1) * frames).sum() / count,
            "positions": (distance[..., self.positions].mean(-1) * frames).sum() / count,
        }
        return parts["features"] + self.weights.positions * parts["positions"], parts
