"""What the tokenizer reads from a data set of motions: MS-272 rows of one split, masks and sampling weights."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from backend.motion.features import ms272
from backend.motion.mirror import mirror

from .clip import Clip
from .store import DataSet

MIN_FRAMES = 30  # one second: shorter clips hold their last pose under the loss mask


@dataclass
class FeatureSet:
    """What the tokenizer trains on: per clip MS-272 ``features`` (T, 272), ``mask`` (T,) (False where a short clip is
    held), sampling ``weights`` (N,) by the square root of each label's seconds, and ``ids``."""

    features: list[np.ndarray] = field(default_factory=list)
    mask: list[np.ndarray] = field(default_factory=list)
    weights: np.ndarray = field(default_factory=lambda: np.zeros(0))
    ids: list[str] = field(default_factory=list)


def load(dataset: DataSet, split: str, mirrored: bool = True) -> FeatureSet:
    """Features of one split, with ``mirrored`` each clip's mirror after it."""
    chosen = dataset.clips(split)
    out, weights = FeatureSet(), label_weights(chosen)
    per_clip = []
    for clip, weight in zip(chosen, weights):
        for side in (False, True) if mirrored else (False,):
            motion = mirror(clip.motion) if side else clip.motion
            features, mask = held(ms272.encode(motion))
            out.features.append(features)
            out.mask.append(mask)
            out.ids.append(clip.id + ("~" if side else ""))
            per_clip.append(weight)
    out.weights = np.array(per_clip) / np.sum(per_clip)
    return out


def held(features: np.ndarray, frames: int = MIN_FRAMES) -> tuple[np.ndarray, np.ndarray]:
    """A clip shorter than ``frames`` holds its last pose, standing still; the mask tells what was there."""
    missing = frames - len(features)
    mask = np.arange(max(frames, len(features))) < len(features)
    if missing <= 0:
        return features, mask
    last = features[-1].copy()
    last[ms272.VELOCITY] = 0.0
    last[ms272.TURN] = (1, 0, 0, 0, 1, 0)
    last[ms272.VELOCITIES] = 0.0
    return np.concatenate([features, np.repeat(last[None], missing, axis=0)]), mask


def label_weights(chosen: list[Clip]) -> np.ndarray:
    """(N,) sampling weights: every label gets the square root of its seconds, shared out by its clips' seconds."""
    seconds = defaultdict(float)
    for clip in chosen:
        seconds[clip.label] += clip.seconds
    weights = np.array([c.seconds / np.sqrt(seconds[c.label]) for c in chosen])
    return weights / weights.sum() if len(weights) else weights
