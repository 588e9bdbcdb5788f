"""Matrices as int8 with one scale a row: half the bytes of fp16. ``name`` holds integers, ``name.scale`` scales."""

from __future__ import annotations

import torch

SCALE = ".scale"


def quantised(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Matrices (R, C) to int8 and fp16 scales (R,); vectors stay as they are. Rounded against the fp16 scale, so that
    reading back is off by at most half a step."""
    out = {}
    for name, value in tensors.items():
        if value.ndim != 2:
            out[name] = value
            continue
        value = value.detach().float()
        # fp16's smallest step: a row of zeros has a scale too, or 0 / 0 would be stored as integers
        scale = (value.abs().amax(1) / 127.0).clamp(min=2.0**-24).to(torch.float16)
        # a scale rounded down would push the largest value past 127
        out[name] = (value / scale.float()[:, None]).round().clamp(-127, 127).to(torch.int8)
        out[name + SCALE] = scale
    return out


def to_float(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """float32 of fp16 or ``quantised`` tensors; ValueError names an int8 matrix without its scales."""
    out = {}
    for name, value in tensors.items():
        base = tensors.get(name.removesuffix(SCALE))
        if name.endswith(SCALE) and base is not None and base.dtype == torch.int8:
            continue
        if value.dtype == torch.int8:
            scale = tensors.get(name + SCALE)
            if scale is None or scale.shape != value.shape[:1]:
                raise ValueError(f"{name} is int8 but has no scale for each of its {value.shape[0]} rows")
            out[name] = value.float() * scale.float()[:, None]
        else:
            out[name] = value.float()
    return out
