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

import numpy as np

from . import rotations as rot

# Relative sideways distance of a knee or elbow from the straight limb above which the rest pose shows its hinge.
_BENT = 0.04
REQUIRED = ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
            "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist")  # fmt: skip


def frame(primary, secondary) -> np.ndarray:
    """Quaternion of the frame with Y along ``primary`` (3,) and Z as near ``secondary`` (3,) as it can be."""
    y = rot.normalize(primary)
    z = np.asarray(secondary, float) - np.dot(secondary, y) * y
    if np.linalg.norm(z) < 1e-6:
        raise ValueError("a bone lies along its own reference direction at rest; calibrate from another pose")
    z = rot.normalize(z)
    return rot.from_matrix(np.stack([np.cross(y, z), y, z], axis=-1))


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


def _bend(start, middle, end, fallback, toward_middle: bool):
    """Direction in which the hinge at ``middle`` points (``toward_middle``) or folds, else ``fallback``."""
    line = end - start
    length = np.linalg.norm(middle - start) + np.linalg.norm(end - middle)
    off = middle - start - line * (np.dot(middle - start, line) / max(np.dot(line, line), 1e-12))
    if np.linalg.norm(off) < _BENT * length:
        return fallback
    return off if toward_middle else -off


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
        points_ahead = _bend(hip, knee, ankle, forward, toward_middle=True)
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
    folds_to = _bend(shoulder, elbow, wrist, forward, toward_middle=False)
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
