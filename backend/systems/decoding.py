"""From codes to motions at the model's rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np

from ..motion import kinematics, retarget
from ..motion.floor import on_floor
from ..motion.motion import Motion
from ..motion.skeleton import canonical
from ..protocol import ProgressCall
from .model import Model
from .telling import told


def decoded(model: Model, takes: Sequence[Mapping[str, np.ndarray]], tell: ProgressCall) -> list[Motion]:
    """The codes (N,) of each stream of each take -> Motions on the canonical skeleton of the codec's kind, standing on
    the floor."""
    tell("Decoding", 0.8)
    rows = _features(model, takes)
    skeleton = canonical(model.codec.kind)
    motions = [model.codec.decode(row) for row in told(rows, tell, "Decoding", 0.85, 0.9)]
    motions = [retargeted(motion, skeleton) for motion in motions]
    pose_together(motions)
    return [on_floor(motion) for motion in motions]


def _features(model: Model, takes: Sequence[Mapping[str, np.ndarray]]) -> list[np.ndarray]:
    """(4 N, D) of each take; those of one length together."""
    features: dict[int, np.ndarray] = {}
    lengths = [len(next(iter(take.values()))) for take in takes]
    for length in dict.fromkeys(lengths):
        rows = [i for i, other in enumerate(lengths) if other == length]
        streams = [np.stack([takes[i][stream] for i in rows]) for stream in model.codes]
        features |= zip(rows, model.engine.decode(*streams))
    return [features[i] for i in range(len(takes))]


def retargeted(motion: Motion, skeleton) -> Motion:
    """On ``skeleton``; what some codecs decode is on a body of its own."""
    same = motion.skeleton.names == skeleton.names and np.array_equal(motion.skeleton.offsets, skeleton.offsets)
    return motion if same else retarget.retarget(motion, target=skeleton)


def pose_together(motions: Sequence[Motion]) -> None:
    """``kinematics.pose_together`` for neighbours that share a skeleton."""
    for _, group in groupby(motions, key=lambda motion: id(motion.skeleton)):
        kinematics.pose_together(list(group))
