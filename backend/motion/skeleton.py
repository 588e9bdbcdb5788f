"""Skeletons: names, parents and offsets. At rest every joint's axes equal the world's: T-pose, Y up, facing +Z.

Joint order and parents are those of ``smplx`` (SMPL body; SMPL-X with the jaw and eyes left out).
The canonical offsets are our own measurement of CMU subjects, not taken from a licensed body model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

SMPL22_NAMES = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
)  # fmt: skip
SMPL22_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)

TORSO = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
ARM = ("collar", "shoulder", "elbow", "wrist")
LEG = ("hip", "knee", "ankle", "foot")
"""the joints of a limb from the body outwards, without their side"""
SEGMENTS = {"hip": "knee", "knee": "ankle", "shoulder": "elbow", "elbow": "wrist"}
"""the joints whose bones a limb bends and twists with -> where these end"""
FINGERS = ("index", "middle", "pinky", "ring", "thumb")  # the order of SMPL-X


def _hand(side: str, wrist: int, first: int):
    names, parents = [], []
    for f, finger in enumerate(FINGERS):
        for k in range(3):
            names.append(f"{side}_{finger}{k + 1}")
            parents.append(wrist if k == 0 else first + 3 * f + k - 1)
    return tuple(names), tuple(parents)


_LEFT_HAND = _hand("left", 20, 22)
_RIGHT_HAND = _hand("right", 21, 37)
SMPLX52_NAMES = SMPL22_NAMES + _LEFT_HAND[0] + _RIGHT_HAND[0]
SMPLX52_PARENTS = SMPL22_PARENTS + _LEFT_HAND[1] + _RIGHT_HAND[1]

KINDS = {"smpl22": (SMPL22_NAMES, SMPL22_PARENTS), "smplx52": (SMPLX52_NAMES, SMPLX52_PARENTS)}


@dataclass(frozen=True, eq=False)
class Skeleton:
    """``kind`` is "smpl22", "smplx52" or, for what readers bring, "other". ``offsets`` (J, 3): from the parent joint,
    in metres, in the rest pose; the root's offset is zero. Parents come before children. ``canonical_rest``: the rest
    pose is known to be the canonical one, whatever the joints look like (``retarget.character_skeleton``)."""

    kind: str
    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray
    canonical_rest: bool = False

    def __post_init__(self):
        offsets = np.asarray(self.offsets, dtype=np.float64)
        object.__setattr__(self, "offsets", offsets)
        if not (len(self.names) == len(self.parents) == len(offsets)) or offsets.shape[1:] != (3,):
            raise ValueError(
                f"a skeleton needs one name, parent and offset (3) per joint: got {len(self.names)} names, "
                f"{len(self.parents)} parents, offsets {offsets.shape}"
            )
        if self.kind in KINDS and (self.names, self.parents) != KINDS[self.kind]:
            raise ValueError(f"skeleton kind {self.kind!r} has fixed names and parents; use kind 'other'")
        if self.canonical_rest and self.kind not in KINDS:
            raise ValueError(f"only kinds {' and '.join(KINDS)} have a canonical rest pose, got kind {self.kind!r}")
        if any(p >= j for j, p in enumerate(self.parents)):
            raise ValueError("skeleton joints must be ordered with every parent before its children")
        if not np.all(np.isfinite(offsets)):
            raise ValueError("skeleton offsets must be finite numbers of metres")

    def __len__(self):
        return len(self.names)

    def index(self, name: str) -> int:
        return self.names.index(name)

    @cached_property
    def rest_positions(self) -> np.ndarray:
        """(J, 3) joint positions at rest with the root at the origin."""
        out = np.zeros_like(self.offsets)
        for j, p in enumerate(self.parents):
            if p >= 0:
                out[j] = out[p] + self.offsets[j]
        return out

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(c for c, p in enumerate(self.parents) if p == j) for j in range(len(self)))

    @cached_property
    def levels(self) -> tuple[tuple[list[int], list[int]], ...]:
        """(joints, their parents) by distance from the root, nearest first: what kinematics can do in one go."""
        depth = [0] * len(self)
        for j, p in enumerate(self.parents):
            depth[j] = depth[p] + 1 if p >= 0 else 0
        found = [[j for j in range(len(self)) if depth[j] == d] for d in range(1, max(depth, default=0) + 1)]
        return tuple((joints, [self.parents[j] for j in joints]) for joints in found)

    @cached_property
    def leg_length(self) -> float:
        """Mean length of hip-knee-ankle in metres: the measure by which root translation is scaled."""
        lengths = np.linalg.norm(self.offsets, axis=-1)
        named = [lengths[self.index(n)] for n in ("left_knee", "left_ankle", "right_knee", "right_ankle")]
        return float(sum(named) / 2.0)

    @cached_property
    def rest_heights(self) -> np.ndarray:
        """(J,) height of every joint over the lowest one at rest: where it is when the body stands on y = 0."""
        return self.rest_positions[:, 1] - self.rest_positions[:, 1].min()

    @cached_property
    def hip_height(self) -> float:
        """Height of the root above the lowest joint at rest, metres."""
        return float(-self.rest_positions[:, 1].min())

    def with_offsets(self, offsets) -> Skeleton:
        return replace(self, offsets=offsets)

    def to_dict(self) -> dict:
        return {"kind": self.kind, "names": list(self.names), "parents": list(self.parents),
                "offsets": self.offsets.tolist(), "canonical_rest": self.canonical_rest}  # fmt: skip

    @classmethod
    def from_dict(cls, d: dict) -> Skeleton:
        return cls(
            str(d["kind"]), tuple(d["names"]), tuple(int(p) for p in d["parents"]), np.array(d["offsets"], float),
            bool(d.get("canonical_rest", False)),
        )  # fmt: skip


# Metres. Left side and centre; the right is the left with x negated. Legs, feet, hip and shoulder widths and upper
# arms are the mean of the CMU subjects outside the held-out ones (training/data/proportions.py), to the millimetre.
# CMU's spine starts in the hips and its forearm ends above the wrist, so those few are divided by ordinary proportions.
_LEFT = {
    "left_hip": (0.089, -0.075, 0.0), "left_knee": (0.0, -0.406, 0.0), "left_ankle": (0.0, -0.437, 0.0),
    "left_foot": (0.0, -0.035, 0.121), "left_collar": (0.055, 0.120, 0.0), "left_shoulder": (0.131, 0.010, 0.0),
    "left_elbow": (0.302, 0.0, 0.0), "left_wrist": (0.255, 0.0, 0.0),
}  # fmt: skip
_CENTRE = {
    "spine1": (0.0, 0.110, 0.0), "spine2": (0.0, 0.125, 0.0), "spine3": (0.0, 0.060, 0.0),
    "neck": (0.0, 0.200, 0.0), "head": (0.0, 0.100, 0.015),
}  # fmt: skip
# wrist to knuckle, then knuckle to knuckle; lengths of papers.md 1.3 (MIT), directions our own (hands flat, palms down)
_FINGER_BASE = {
    "index": (0.104, 0.0, 0.026), "middle": (0.113, 0.0, 0.004), "pinky": (0.092, 0.0, -0.037),
    "ring": (0.104, 0.0, -0.017), "thumb": (0.036, -0.012, 0.041),
}  # fmt: skip
_FINGER_LENGTHS = {
    "index": (0.0335, 0.0234), "middle": (0.0320, 0.0246), "pinky": (0.0204, 0.0198), "ring": (0.0297, 0.0247),
    "thumb": (0.0321, 0.0276),
}  # fmt: skip


def _canonical_offset(name: str) -> tuple[float, float, float]:
    if name == "pelvis":
        return (0.0, 0.0, 0.0)
    if name in _CENTRE:
        return _CENTRE[name]
    side, _, part = name.partition("_")
    sign = 1.0 if side == "left" else -1.0
    if "left_" + part in _LEFT:
        x, y, z = _LEFT["left_" + part]
    else:
        finger, k = part[:-1], int(part[-1])
        if k == 1:
            x, y, z = _FINGER_BASE[finger]
        else:
            direction = np.array([0.72, 0.0, 0.69]) if finger == "thumb" else np.array([1.0, 0.0, 0.0])
            x, y, z = direction / np.linalg.norm(direction) * _FINGER_LENGTHS[finger][k - 2]
    return (sign * x, y, z)


def canonical(kind: str = "smpl22") -> Skeleton:
    """The skeleton that models see; ``kind`` is "smpl22" or "smplx52"."""
    if kind not in KINDS:
        raise ValueError(f"unknown skeleton kind {kind!r}; known: {', '.join(KINDS)}")
    names, parents = KINDS[kind]
    return Skeleton(kind, names, parents, np.array([_canonical_offset(n) for n in names]))


def mirror_names(names) -> tuple[int, ...]:
    """For each joint the index of its counterpart on the other side (itself on the centre line)."""
    names = list(names)

    def other(n):
        if n.startswith("left_"):
            return "right_" + n[5:]
        return "left_" + n[6:] if n.startswith("right_") else n

    return tuple(names.index(other(n)) for n in names)
