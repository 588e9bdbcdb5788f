"""Twist about bones from joint positions: a bent hinge (knee, elbow) shows it, time carries it through straight limbs.

A bone's direction says nothing about its turn about itself. The plane of a bent limb does: the hinge's axis is normal
to it. Where the limb is straight the plane is undefined; there the axis is carried along the bone without twisting
(parallel transport) between the frames that know it, which has no direction at which it flips.
"""

from __future__ import annotations

import numpy as np

from . import rotations as rot


def aligned(world, direction, target) -> np.ndarray:
    """``world`` (..., 4) swung the short way so that its local ``direction`` (3,) points along ``target`` (..., 3)."""
    return rot.multiply(rot.between(rot.rotate(world, direction), target), world)


def transported(bone) -> np.ndarray:
    """(T, ..., 4) rotations that carry frame 0's bone along the unit directions ``bone`` (T, ..., 3) without twist."""
    steps = np.concatenate([np.broadcast_to(rot.IDENTITY, (1, *bone.shape[1:-1], 4)), rot.between(bone[:-1], bone[1:])])
    reach = 1
    while reach < len(steps):  # products of 2, 4, 8 ... steps: a running product in log2(T) rounds
        steps[reach:] = rot.multiply(steps[reach:], steps[:-reach])
        reach *= 2
    return rot.normalize(steps)


def smooth(value, weight, stiffness: float) -> np.ndarray:
    """The path c (T, ...) with the least sum of ``weight * |c - value|**2 + stiffness * |c[t + 1] - c[t]|**2``.

    Its normal equations are tridiagonal and solved for all frames at once by cyclic reduction, in log2(T) rounds.
    """
    frames = len(value)
    right = weight * value
    beside = np.full(weight.shape, -stiffness)
    before, after = beside.copy(), beside
    before[0] = after[-1] = 0.0
    middle = weight - before - after
    reach = 1
    while reach < frames:
        up, down = np.zeros_like(middle), np.zeros_like(middle)
        up[reach:] = -before[reach:] / middle[:-reach]
        down[:-reach] = -after[:-reach] / middle[reach:]
        new = middle.copy(), right.copy(), np.zeros_like(before), np.zeros_like(after)
        new[0][reach:] += up[reach:] * after[:-reach]
        new[1][reach:] += up[reach:] * right[:-reach]
        new[2][reach:] = up[reach:] * before[:-reach]
        new[0][:-reach] += down[:-reach] * before[reach:]
        new[1][:-reach] += down[:-reach] * right[reach:]
        new[3][:-reach] = down[:-reach] * after[reach:]
        middle, right, before, after = new
        reach *= 2
    return right / middle


def carried(bone, axis, weight, usual, usual_weight, stiffness: float) -> np.ndarray:
    """A hinge's axis (T, N, 3), unit and normal to the unit ``bone`` (T, N, 3), smooth in time.

    ``axis`` is what the frame shows, trusted by ``weight`` (T, N); ``usual`` is where the axis is when nothing else is
    known, trusted by ``usual_weight`` (T, N). Both (T, N, 3) need not be unit or normal to the bone. The result turns
    and mirrors with its input and is the same forwards and backwards in time.
    """
    first = bone[0]
    helper = np.where(np.abs(first[..., :1]) < 0.9, np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    one = rot.rotate(transported(bone), rot.normalize(rot.cross(first, helper)))
    other = rot.cross(bone, one)

    def turn(vector) -> np.ndarray:
        z = np.einsum("...i,...i->...", vector, one) + 1j * np.einsum("...i,...i->...", vector, other)
        return z / np.maximum(np.abs(z), 1e-12)

    total = weight + usual_weight + 1e-9
    path = smooth((weight * turn(axis) + usual_weight * turn(usual)) / total, total, stiffness)
    # where the path passes near zero its angle jumps by up to half a turn: taken as an angle it goes round instead
    angle = smooth(np.unwrap(np.angle(path), axis=0), total, stiffness)[..., None]
    return np.cos(angle) * one + np.sin(angle) * other
