"""Rotations over time as the values of a bone's own rotation mode, without jumps between frames."""

from __future__ import annotations

import numpy as np

from ...backend.motion import rotations as rot

PATHS = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}
SIZES = {"QUATERNION": 4, "AXIS_ANGLE": 4}


def path_of(mode: str) -> str:
    """The property that holds a rotation in Blender's rotation ``mode``."""
    return PATHS.get(mode, "rotation_euler")


def size_of(mode: str) -> int:
    return SIZES.get(mode, 3)


def rotation_values(q, mode: str) -> np.ndarray:
    """Quaternions (T, 4) to the values (T, 3 or 4) of Blender's rotation ``mode``."""
    if mode == "QUATERNION":
        return rot.continuous(rot.normalize(q))
    if mode == "AXIS_ANGLE":
        return _axis_angle(q)
    return _euler(q, mode)


def rotation_from_values(values, mode: str) -> np.ndarray:
    """The inverse: values (..., 3 or 4) of ``mode`` to quaternions (..., 4)."""
    values = np.asarray(values, float)
    if mode == "QUATERNION":
        return rot.normalize(values)
    if mode == "AXIS_ANGLE":
        return rot.from_axis_angle(values[..., 1:], values[..., 0])
    # Blender's XYZ turns about the fixed X first: read from the inside that is Z, then Y, then X
    return rot.from_euler(values[..., ["XYZ".index(a) for a in mode[::-1]]], mode[::-1])


def rotation_now(owner) -> np.ndarray:
    """(4,) the rotation that a pose bone's or an object's own channels hold."""
    path = path_of(owner.rotation_mode)
    return rotation_from_values(np.array(getattr(owner, path), float), owner.rotation_mode)


def with_locked_angles(q, now, locked) -> np.ndarray:
    """Quaternions (T, 4) whose XYZ Euler angles listed in ``locked`` stay those of ``now`` (4): what Blender's rotation
    locks mean in the modes with four numbers."""
    angles, kept = _euler(q, "XYZ"), _euler(np.asarray(now, float)[None], "XYZ")
    angles[:, locked] = kept[:, locked]
    return rotation_from_values(angles, "XYZ")


def _axis_angle(q) -> np.ndarray:
    q = rot.continuous(rot.normalize(q))
    sine = np.linalg.norm(q[:, 1:], axis=-1)
    angle = 2.0 * np.arctan2(sine, q[:, 0])
    axis = q[:, 1:] / np.maximum(sine, 1e-12)[:, None]
    # where nothing turns the axis says nothing: hold the last one that did, or Blender's default at the start
    axis[sine < 1e-7] = 0.0
    held = np.array([0.0, 1.0, 0.0])
    for t in range(len(axis)):
        if not axis[t].any():
            axis[t] = held
        elif axis[t] @ held < 0.0 and t:
            axis[t], angle[t] = -axis[t], -angle[t]
        held = axis[t]
    return np.concatenate([np.unwrap(angle)[:, None], axis], axis=-1)


def _euler(q, mode: str) -> np.ndarray:
    first, middle, last = np.moveaxis(rot.to_euler(q, mode[::-1]), -1, 0)
    one = np.stack([first, middle, last], -1)
    other = np.stack([first + np.pi, np.pi - middle, last + np.pi], -1)
    # Every rotation has two triples, each up to whole turns: the one nearest to the frame before is taken. A step from
    # "one" to "other" is as long as the step back, so whether to change over does not depend on which was taken before.
    stay, change = _turns_off(one[1:] - one[:-1]), _turns_off(other[1:] - one[:-1])
    changes = np.concatenate([[_turns_off(other[0]) < _turns_off(one[0])], change < stay])
    out = np.where((np.cumsum(changes) % 2 == 1)[:, None], other, one)
    out[0] -= 2 * np.pi * np.rint(out[0] / (2 * np.pi))
    out = np.unwrap(out, axis=0)
    values = np.empty_like(out)
    values[:, ["XYZ".index(a) for a in mode[::-1]]] = out
    return values


def _turns_off(difference) -> np.ndarray:
    """Sum of the angles (..., 3) without whole turns."""
    return np.abs(difference - 2 * np.pi * np.rint(difference / (2 * np.pi))).sum(-1)
