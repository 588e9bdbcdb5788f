"""The clips on disk: int16 quaternions and fp16 root steps in one NPZ (about 31 MB for 1.6 hours), and what training
reads from it.

Root steps are what fp16 can hold without jitter (a position of 4 m would be rounded to 4 mm, a tenth of a metre per
second at 30 fps); each step is rounded against the path rebuilt so far, so the error never adds up.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from backend.motion import kinematics
from backend.motion.features import ms272
from backend.motion.mirror import mirror
from backend.motion.motion import Motion
from backend.motion.skeleton import canonical

from . import splits
from .clip import Clip

DEFAULT = Path("data") / "clips.npz"
MIN_FRAMES = 30  # one second: shorter clips hold their last pose under the loss mask


def save(clips: list[Clip], path: Path) -> None:
    """Write the clips (SMPL-22, 30 fps) to ``path`` through a temporary name."""
    quaternions = np.concatenate([np.rint(c.motion.rotations * 32767).astype(np.int16) for c in clips])
    steps = np.concatenate([_steps(c.motion.root) for c in clips])
    index = [
        {"id": c.id, "source": c.source, "subject": c.subject, "label": c.label, "frames": len(c.motion),
         "start": c.motion.root[0].tolist()}
        for c in clips
    ]  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part.npz")
    np.savez(temporary, quaternions=quaternions, steps=steps, index=np.array(json.dumps(index)))
    os.replace(temporary, path)


def _steps(root: np.ndarray) -> np.ndarray:
    steps = np.zeros(root.shape, np.float16)
    rebuilt = root[0].astype(np.float64)
    for t in range(1, len(root)):
        steps[t] = root[t] - rebuilt
        rebuilt = rebuilt + steps[t].astype(np.float64)
    return steps


def clips(path: Path = DEFAULT) -> list[Clip]:
    """All clips of a cache file; FileNotFoundError says how to build it."""
    if not Path(path).exists():
        raise FileNotFoundError(f"{path} is not there; build it with: python -m training data build --cmu DIR ...")
    with np.load(path, allow_pickle=False) as arrays:
        quaternions, steps, index = arrays["quaternions"], arrays["steps"], json.loads(str(arrays["index"]))
    out, at = [], 0
    for entry in index:
        span = slice(at, at + entry["frames"])
        root = np.array(entry["start"]) + np.cumsum(steps[span].astype(np.float64), axis=0)
        motion = Motion(canonical(), root, quaternions[span] / 32767.0, ms272.FPS)
        motion = Motion(motion.skeleton, root, motion.rotations, motion.fps, kinematics.detect_contacts(motion))
        out.append(Clip(entry["id"], entry["source"], entry["subject"], entry["label"], motion))
        at += entry["frames"]
    return out


@dataclass
class FeatureSet:
    """What the tokenizer trains on: per clip MS-272 ``features`` (T, 272), ``mask`` (T,) (False where a short clip is
    held), sampling ``weights`` (N,) by the square root of each label's seconds, and ``ids``."""

    features: list[np.ndarray] = field(default_factory=list)
    mask: list[np.ndarray] = field(default_factory=list)
    weights: np.ndarray = field(default_factory=lambda: np.zeros(0))
    ids: list[str] = field(default_factory=list)


def load(split: str, mirrored: bool = True, path: Path = DEFAULT) -> FeatureSet:
    """Features of one committed split: "train", "val", "test_trials" or "test_subjects"."""
    table = splits.load()
    chosen = [c for c in clips(path) if table.of(c) == split]
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
