"""New motions from recorded ones: time-warps, two in a row with a blend, the arms of one on the legs of another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from backend.motion import kinematics, resample
from backend.motion import rotations as rot
from backend.motion.motion import Motion
from backend.motion.skeleton import Skeleton


def warp(motion: Motion, factor: float) -> Motion:
    """Played ``factor`` times as fast; the rate stays."""
    frames = max(2, round(len(motion) / factor))
    return resample.sample(motion, np.linspace(0.0, len(motion) - 1.0, frames))


def join(first: Motion, second: Motion, blend_seconds: float) -> Motion:
    """``second`` turned and moved to go on where ``first`` ends, the two blended over ``blend_seconds``."""
    blend = min(round(blend_seconds * float(first.fps)), len(first) - 1, len(second) - 1)
    at = len(first) - blend  # the frame of ``first`` at which ``second`` starts
    yaw = kinematics.heading(first)[at] - kinematics.heading(second)[0]
    turned = second.moved(yaw)
    ground = np.array([1.0, 0.0, 1.0])
    moved = turned.moved(0.0, (first.root[at] - turned.root[0]) * ground)
    t = (np.arange(blend) + 1.0) / (blend + 1.0)
    t = t * t * (3.0 - 2.0 * t)
    # the ground path goes on from step to step: blending positions would slide towards a path that runs elsewhere
    steps_a, steps_b = np.diff(first.root[at - 1 :], axis=0)[:blend], np.diff(moved.root[: blend + 1], axis=0)[:blend]
    path = first.root[at - 1] + np.cumsum((1 - t)[:, None] * steps_a + t[:, None] * steps_b, axis=0)
    height = (1 - t) * first.root[at:, 1] + t * moved.root[:blend, 1]
    path[:, 1] = height
    rest = moved.root[blend:] + (path[-1] + moved.root[blend] - moved.root[blend - 1] - moved.root[blend]) * ground
    return replace(
        first,
        root=np.concatenate([first.root[:at], path, rest]),
        rotations=np.concatenate(
            [
                first.rotations[:at],
                rot.slerp(first.rotations[at:], moved.rotations[:blend], t[:, None]),
                moved.rotations[blend:],
            ]
        ),
        contacts=np.concatenate(
            [first.contacts[:at], first.contacts[at:] & moved.contacts[:blend], moved.contacts[blend:]]
        ),
    )


def overlay(legs: Motion, upper: Motion) -> Motion:
    """The spine, head, arms and fingers of ``upper`` on the pelvis and legs of ``legs``, as long as the shorter of the
    two.

    The lowest spine joint takes up the difference of the two pelvises in lean, so the chest keeps its own tilt, while
    its heading follows the legs.
    """
    frames = min(len(legs), len(upper))
    legs, upper = legs[:frames], upper[:frames]
    rotations = legs.rotations.copy()
    index = _upper(legs.skeleton)
    rotations[:, index] = upper.rotations[:, index]
    spine = legs.skeleton.index("spine1")
    lean_a = rot.multiply(rot.about_y(-kinematics.heading(legs)), legs.rotations[:, 0])
    lean_b = rot.multiply(rot.about_y(-kinematics.heading(upper)), upper.rotations[:, 0])
    rotations[:, spine] = rot.multiply(rot.multiply(rot.inverse(lean_a), lean_b), upper.rotations[:, spine])
    return replace(legs, rotations=rotations)


def _upper(skeleton: Skeleton) -> list[int]:
    """The lowest spine joint and all that hangs on it."""
    upper = [skeleton.index("spine1")]
    for joint, parent in enumerate(skeleton.parents):  # which always come first
        if parent in upper:
            upper.append(joint)
    return upper
