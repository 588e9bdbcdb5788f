"""Mean and deviation of feature rows over a whole data set."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from backend.motion.features.codec import Codec
from backend.motion.features.fingerprint import fingerprint

from .store import DataSet


def statistics(codec: Codec, parts: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean (D,) and deviation (D,) float32 of rows (T, D) of a codec, the deviation averaged in every block of its
    layout, as the published sets are (papers.md 1.7)."""
    mean, std = moments(parts)
    for block in codec.layout.values():
        std[block] = std[block].mean()
    return mean.astype(np.float32), np.maximum(std, 1e-6).astype(np.float32)


def moments(parts: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (D,) over all rows of the parts (T, D), in one pass (Chan's update)."""
    count, mean, squares = 0, 0.0, 0.0
    for part in parts:
        part = np.asarray(part, np.float64)
        own = part.mean(axis=0)
        away = own - mean
        total = count + len(part)
        squares = squares + np.square(part - own).sum(axis=0) + np.square(away) * (count * len(part) / total)
        mean = mean + away * (len(part) / total)
        count = total
    return mean, np.sqrt(squares / count)


def describe(dataset: DataSet) -> dict | None:
    """Mean, deviation and fingerprint of the training split's rows, as the index keeps them; None without rows."""
    codec, train = dataset.representation.codec, dataset.of("train")
    if codec is None or not train:
        return None
    mean, std = statistics(codec, (dataset.arrays(record)["rows"] for record in train))
    return {"mean": mean.tolist(), "std": std.tolist(), "fingerprint": fingerprint(mean, std)}
