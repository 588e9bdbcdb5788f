"""Anatomical rest frames: what lets one motion fit any skeleton, whatever its bone rolls, axes and bind pose.

A frame is a rotation whose columns are secondary x primary, primary, secondary-made-orthogonal, all taken from where
the joints *are* at rest and never from bone axes. The same body part has the same frame in the same posture on every
skeleton, so ``frame_a * frame_b**-1`` carries a rotation from one to the other.

* limbs: primary = towards the next joint; secondary = where the hinge bends (elbow, knee), or the body's forward when
  the limb is straight at rest
* hands: primary = towards the middle knuckle, secondary = across the palm from little finger to index
* feet: primary = towards the toes along the floor, secondary = up. Flattened, because the ankle's height over the toe
  joint differs between skeletons while every sole is flat at rest
* torso, neck, head, collars: primary = the body's up (ankles to neck), secondary = forward from the hip and shoulder
  lines. The rest curve of a spine and the slope of a collar bone are styles of a rig, not a posture
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from . import rotations as rot
from .skeleton import SMPL22_NAMES, canonical

BENT = 0.04
"""distance of a knee or elbow from the straight limb, of the limb's length, from which on it shows its hinge"""
REQUIRED = ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
            "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist")  # fmt: skip


def frame(primary, secondary) -> np.ndarray:
    """``rot.frame`` (4,) of two directions (3,) of a body at rest; ValueError when they are the same."""
    if np.linalg.norm(rot.beside(np.asarray(secondary, float), rot.normalize(primary))) < 1e-6:
        raise ValueError("a bone lies along its own reference direction at rest; calibrate from another pose")
    return rot.frame(primary, secondary)


def body_axes(points: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Left, up and forward (unit, orthogonal) of a body standing at rest, from joint positions by slot name."""
    top = points.get("neck")
    if top is None:
        top = (points["left_shoulder"] + points["right_shoulder"]) / 2
    up = rot.normalize(top - (points["left_ankle"] + points["right_ankle"]) / 2)
    across = points["left_hip"] - points["right_hip"] + points["left_shoulder"] - points["right_shoulder"]
    left = across - np.dot(across, up) * up
    if np.linalg.norm(left) < 1e-6:
        raise ValueError("left and right hips and shoulders coincide at rest: the bone map is wrong")
    left = rot.normalize(left)
    return left, up, np.cross(left, up)


def upright(points: Mapping[str, np.ndarray]) -> np.ndarray:
    """Which way is up at rest: the world axis along which the body stands, or the body's own when it leans on none."""
    up = body_axes(points)[1]
    axis = np.zeros(3)
    nearest = int(np.argmax(np.abs(up)))
    axis[nearest] = np.sign(up[nearest])
    return axis if axis @ up > np.cos(np.deg2rad(20.0)) else up


def kind_of(slots) -> str:
    """The kind of skeleton that has these slots: "smplx52" as soon as there is a finger."""
    return "smpl22" if set(slots) <= set(SMPL22_NAMES) else "smplx52"


@lru_cache
def canonical_frames(kind: str) -> Mapping[str, np.ndarray]:
    """``rest_frames`` of the canonical skeleton of ``kind``."""
    base = canonical(kind)
    return rest_frames(dict(zip(base.names, base.rest_positions)))


def t_pose_frames(points: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Frames by slot of a body that is known to hold the canonical T-pose, whatever its joints look like: the canonical
    ones, turned as the body stands. ``points``: slot -> (3,), any space and unit."""
    points = {s: np.asarray(p, float) for s, p in points.items()}
    stands = frame(upright(points), body_axes(points)[2])
    return {s: rot.multiply(stands, f) for s, f in canonical_frames(kind_of(points)).items() if s in points}


def hinge(start, middle, end) -> tuple[np.ndarray, np.ndarray]:
    """How far (..., 3) the hinge of a limb stands beside the straight line between the limb's ends, and the limb's
    length (...); the joints are (..., 3). Below ``BENT`` of that length it does not show where the limb bends."""
    line = end - start
    length = np.linalg.norm(middle - start, axis=-1) + np.linalg.norm(end - middle, axis=-1)
    along = rot.dot(middle - start, line) / np.maximum(rot.dot(line, line), 1e-12)
    return middle - start - line * along, length


def _points_to(start, middle, end, fallback) -> np.ndarray:
    """Direction in which the hinge at ``middle`` points at rest, else ``fallback``."""
    off, length = hinge(start, middle, end)
    return fallback if np.linalg.norm(off) < BENT * length else off


def rest_frames(points: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Anatomical frame (quaternion) of every slot in ``points`` (slot name -> (3,) rest position, any space and unit).

    Needs the twelve ``REQUIRED`` slots; raises ValueError naming those that are missing.
    """
    missing = [s for s in REQUIRED if s not in points]
    if missing:
        raise ValueError(f"rest pose lacks {', '.join(missing)}")
    points = {s: np.asarray(p, float) for s, p in points.items()}
    _, up, forward = body_axes(points)
    torso = frame(up, forward)
    frames = {s: torso for s in points if not s.startswith(("left_", "right_"))}
    for side in ("left_", "right_"):
        hip, knee, ankle = (points[side + n] for n in ("hip", "knee", "ankle"))
        points_ahead = _points_to(hip, knee, ankle, forward)
        frames[side + "hip"] = frame(knee - hip, points_ahead)
        frames[side + "knee"] = frame(ankle - knee, points_ahead)
        toe = points.get(side + "foot")
        along = forward if toe is None else toe - ankle
        along = along - np.dot(along, up) * up
        if np.linalg.norm(along) < 1e-3 * np.linalg.norm(ankle - knee):
            along = forward  # toes straight below the ankle: a stub, not a direction
        frames[side + "ankle"] = frames[side + "foot"] = frame(along, up)
        if side + "foot" not in points:
            del frames[side + "foot"]
        frames.update(_arm_frames(points, side, forward))
        if side + "collar" in points:
            frames[side + "collar"] = torso
    return frames


def _arm_frames(points, side, forward) -> dict[str, np.ndarray]:
    shoulder, elbow, wrist = (points[side + n] for n in ("shoulder", "elbow", "wrist"))
    folds_to = -_points_to(shoulder, elbow, wrist, -forward)
    frames = {side + "shoulder": frame(elbow - shoulder, folds_to), side + "elbow": frame(wrist - elbow, folds_to)}
    knuckle, index, pinky = (points.get(side + n) for n in ("middle1", "index1", "pinky1"))
    if knuckle is not None and index is not None and pinky is not None:
        frames[side + "wrist"] = frame(knuckle - wrist, index - pinky)
    else:
        frames[side + "wrist"] = frames[side + "elbow"]
    palm = rot.rotate(frames[side + "wrist"], np.array([0.0, 0.0, 1.0]))
    for finger in ("index", "middle", "ring", "pinky", "thumb"):
        chain = [side + finger + str(k) for k in (1, 2, 3)]
        here = [c for c in chain if c in points]
        for k, slot in enumerate(here):
            ahead = points[here[k + 1]] - points[slot] if k + 1 < len(here) else None
            if ahead is None:  # the last joint continues the one before it
                ahead = points[slot] - (points[here[k - 1]] if k else wrist)
            frames[slot] = frame(ahead, palm)
    return frames
