"""What the tokenizer reads from a data set: rows of one split, masks and sampling weights."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from backend.motion.features import ms272
from backend.motion.features.codec import Codec
from backend.motion.mirror import mirror
from backend.motion.resample import resample

from .clip import Clip
from .store import DataSet

MIN_FRAMES = 30  # one second: shorter clips hold their last pose under the loss mask
SHORTEST = 4  # frames of one code


@dataclass
class FeatureSet:
    """What the tokenizer trains on: per clip ``features`` (T, D), ``mask`` (T,) (False where a short clip is held),
    sampling ``weights`` (N,), and ``ids``."""

    features: list[np.ndarray] = field(default_factory=list)
    mask: list[np.ndarray] = field(default_factory=list)
    weights: np.ndarray = field(default_factory=lambda: np.zeros(0))
    ids: list[str] = field(default_factory=list)


def load(dataset: DataSet, split: str, mirrored: bool = True) -> FeatureSet:
    """MS-272 rows of one split, with ``mirrored`` each clip's mirror after it; weights by the square root of each
    label's seconds."""
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


def load_rows(dataset: DataSet, split: str, codec: Codec, mirrored: bool = True) -> FeatureSet:
    """Rows of any codec, every clip as likely as the others, as the papers draw them. Where the set keeps that codec's
    rows they are taken as they are; motions are encoded, with ``mirrored`` their mirrors too. A clip of less than
    ``SHORTEST`` rows is left out. ValueError where the set's skeleton is not the codec's."""
    kept = dataset.representation
    if kept.kind != codec.kind:
        raise ValueError(f"{codec.name} needs motions of {codec.kind}, {dataset.folder} keeps {kept.kind}")
    out = FeatureSet()
    for record in dataset.of(split):
        if kept.codec is codec:
            found = {record.id: dataset.arrays(record)["rows"]}
        else:
            motion = resample(dataset.motion(record), codec.fps)
            if len(motion) < codec.spare + SHORTEST:
                continue
            found = {record.id: codec.encode(motion)}
            if mirrored:
                found[record.id + "~"] = codec.encode(mirror(motion))
        for name, rows in found.items():
            if len(rows) >= SHORTEST:
                out.features.append(rows)
                out.mask.append(np.ones(len(rows), bool))
                out.ids.append(name)
    out.weights = np.full(len(out.ids), 1.0 / max(len(out.ids), 1))
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
