"""Matrices as int8 with one scale a row: half the bytes of fp16. ``name`` holds integers, ``name.scale`` scales; they
are multiplied again where the file is read (``tensor_file``)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

SCALE = ".scale"


def quantised(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Matrices (R, C) to int8 and fp16 scales (R,); vectors stay as they are. Rounded against the fp16 scale, so that
    reading back is off by at most half a step. ValueError names a matrix whose scales fp16 cannot hold."""
    out = {}
    for name, value in arrays.items():
        if value.ndim != 2:
            out[name] = value
            continue
        value = value.astype(np.float32)
        with np.errstate(over="ignore"):
            # fp16's smallest step: a row of zeros has a scale too, or 0 / 0 would be stored as integers
            scale = np.maximum(np.abs(value).max(1) / 127.0, 2.0**-24).astype(np.float16)
        if not np.isfinite(scale).all():
            raise ValueError(f"{name} has values that int8 with fp16 scales cannot hold")
        # a scale rounded down would push the largest value past 127
        out[name] = np.clip(np.rint(value / scale.astype(np.float32)[:, None]), -127, 127).astype(np.int8)
        out[name + SCALE] = scale
    return out
