"""Keys and values of the prompts into a cache whose size never changes."""

from __future__ import annotations

import torch


def copy_into(static: torch.Tensor, past: torch.Tensor, rows: torch.Tensor) -> None:
    """``past`` (D, H, L, W), its row ``rows[i]`` into row ``i`` of ``static`` (B, H, S, W), which is zero after that: a
    number left by an earlier answer is never attended to, but a NaN left by one would be felt all the same."""
    length = past.shape[2]
    static[:, :, :length] = past[rows]
    static[:, :, length:] = 0
