"""A Motion as solids that can be drawn: every limb, the head and the hands are tapered capsules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.motion import CONTACT_JOINTS, Motion
from backend.motion.skeleton import KINDS

CENTRE, LEFT, RIGHT = range(3)

# joint: radius in metres of the bone that ends there, at its beginning and at its end
_RADII = {
    "left_hip": (0.07, 0.065), "left_knee": (0.06, 0.045), "left_ankle": (0.045, 0.03), "left_foot": (0.03, 0.025),
    "spine1": (0.075, 0.075), "spine2": (0.075, 0.075), "spine3": (0.075, 0.08), "neck": (0.07, 0.04),
    "head": (0.04, 0.04), "left_collar": (0.06, 0.05), "left_shoulder": (0.05, 0.048),
    "left_elbow": (0.045, 0.035), "left_wrist": (0.035, 0.025),
}  # fmt: skip
_FINGER = (0.013, 0.011)
# what hangs on a joint beyond the last one: from, to (metres in the joint's rest axes, left side), radii
_SKULL = ((0.0, 0.05, 0.0), (0.0, 0.12, 0.01), (0.08, 0.09))
_NOSE = ((0.0, 0.07, 0.08), (0.0, 0.06, 0.115), (0.02, 0.012))  # shows where the head looks
_HEEL = ((0.0, 0.0, 0.0), (0.0, -0.02, -0.055), (0.03, 0.02))
_TOES = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.06), (0.025, 0.02))
_FLAT_HAND = ((0.0, 0.0, 0.0), (0.10, -0.005, 0.0), (0.025, 0.02))
_FLAT_THUMB = ((0.02, -0.005, 0.02), (0.06, -0.01, 0.06), (0.015, 0.01))
_PALM = ((0.0, 0.0, 0.0), (0.09, 0.0, 0.0), (0.025, 0.028))
_FINGERTIP = ((0.0, 0.0, 0.0), (0.022, 0.0, 0.0), (0.011, 0.009))


@dataclass(frozen=True, eq=False)
class Body:
    """C capsules over T frames: ``ends`` (T, C, 2, 3) in the world and ``radii`` (C, 2), metres; ``sides`` (C,) of
    ``CENTRE``, ``LEFT``, ``RIGHT``. ``parts`` (C,) numbers the part of the body that a capsule belongs to: those of one
    part pass into each other. ``root`` (T, 3); ``feet`` (T, 4, 3) and ``contacts`` (T, 4) of the contact joints.
    """

    ends: np.ndarray
    radii: np.ndarray
    sides: np.ndarray
    parts: np.ndarray
    root: np.ndarray
    feet: np.ndarray
    contacts: np.ndarray

    def __len__(self):
        return len(self.ends)

    def shifted(self, offsets) -> Body:
        """Every frame moved by its own of ``offsets`` (T, 3)."""
        return replace(
            self,
            ends=self.ends + offsets[:, None, None],
            root=self.root + offsets,
            feet=self.feet + offsets[:, None],
        )


def body(motion: Motion) -> Body:
    """The solids of a Motion; ValueError for a skeleton that is neither SMPL-22 nor SMPL-X-52."""
    skeleton = motion.skeleton
    if skeleton.kind not in KINDS:
        raise ValueError(f"a figure needs a skeleton of kind {' or '.join(KINDS)}, got {skeleton.kind!r}")
    positions, world = kinematics.pose(motion)
    ends, radii, sides, parts = [], [], [], []

    def put(start, end, thick, part):
        ends.append(np.stack([start, end], axis=1))
        radii.append(thick)
        sides.append({"left": LEFT, "right": RIGHT}.get(part.partition("_")[0], CENTRE))
        parts.append(part)

    for j, (joint, parent) in enumerate(zip(skeleton.names, skeleton.parents)):
        if parent >= 0:
            put(positions[:, parent], positions[:, j], _RADII.get(_as_left(joint), _FINGER), _part(joint))
        mirror = np.array([-1.0 if joint.startswith("right_") else 1.0, 1.0, 1.0])
        for part, (start, end, thick) in _beyond(joint, skeleton.kind):
            put(*(positions[:, j] + rot.rotate(world[:, j], mirror * p) for p in (start, end)), thick, part)
    feet = [skeleton.index(name) for name in CONTACT_JOINTS]
    return Body(
        np.stack(ends, axis=1),
        np.array(radii),
        np.array(sides),
        np.unique(parts, return_inverse=True)[1],
        motion.root,
        positions[:, feet],
        motion.contacts,
    )


def _part(joint: str) -> str:
    """The part of the body that the bone ending in ``joint`` belongs to."""
    side, _, end = joint.partition("_")
    if end in ("", "hip", "collar", "shoulder"):
        return "neck" if joint == "head" else "trunk"
    part = {"knee": "thigh", "ankle": "shank", "foot": "foot", "elbow": "upper arm", "wrist": "forearm"}.get(
        end, "hand"
    )
    return f"{side}_{part}"


def _beyond(joint: str, kind: str) -> Iterator[tuple[str, tuple]]:
    """(part, solid) of what hangs on a joint."""
    side, _, end = joint.partition("_")
    if joint == "head":
        yield from (("skull", _SKULL), ("nose", _NOSE))
    elif end == "ankle":
        yield f"{side}_foot", _HEEL
    elif end == "foot":
        yield f"{side}_foot", _TOES
    elif end == "wrist":
        solids = (_FLAT_HAND, _FLAT_THUMB) if kind == "smpl22" else (_PALM,)
        yield from ((f"{side}_hand", solid) for solid in solids)
    elif end.endswith("3"):
        yield f"{side}_hand", _FINGERTIP


def _as_left(joint: str) -> str:
    return "left_" + joint[6:] if joint.startswith("right_") else joint
