"""The same errors as MotionGPT (T5) counts them, which MotionGPT-2's Table VII follows: in batches of 32, filled up
(``metrics.prediction``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from backend.motion.features.codec import Codec
from backend.motion.kinematics import joint_positions
from training.metrics import prediction

BATCH = 32


def predicted(made: Sequence[np.ndarray], truth: Sequence[np.ndarray], codec: Codec, mean: np.ndarray) -> dict:
    """Of rows (T, D), known frames included; ``mean`` (D,) of the training rows fills up short clips."""
    each = []
    for some, true in _batches(made, truth):
        frames = max(map(len, true))
        both = [_positions(prediction.mgt5_padded(rows, mean, frames), codec) for rows in (some, true)]
        each.append((prediction.mgt5_prediction(*both, [len(rows) for rows in true]), len(true)))
    ade, fde = np.average([errors for errors, _ in each], axis=0, weights=[count for _, count in each])
    return {"ADE, MotionGPT (T5)": float(ade), "FDE, MotionGPT (T5)": float(fde)}


def filled(made: Sequence[np.ndarray], truth: Sequence[np.ndarray]) -> float:
    """Of joint positions (T, J, 3); no padding lies in the middle, so its content does not count."""
    frames = max(map(len, truth))
    both = [np.stack([np.pad(p, ((0, frames - len(p)), (0, 0), (0, 0))) for p in some]) for some in (made, truth)]
    return prediction.mgt5_in_between(*both, [len(positions) for positions in truth])


def _batches(*lists: Sequence[np.ndarray]) -> Iterator[tuple[Sequence[np.ndarray], ...]]:
    for start in range(0, len(lists[0]), BATCH):
        yield tuple(one[start : start + BATCH] for one in lists)


def _positions(rows: np.ndarray, codec: Codec) -> np.ndarray:
    """(N, T, D) -> (N, T, J, 3)"""
    return np.stack([joint_positions(codec.decode(clip)) for clip in rows])
