"""Where the floor is under a motion, and putting it at y = 0."""

from __future__ import annotations

import numpy as np

from . import kinematics
from .motion import CONTACT_JOINTS, Motion


def foot_heights(motion: Motion) -> np.ndarray:
    """(T, 4) height of each contact joint over where it rests when standing on y = 0."""
    index = [motion.skeleton.index(n) for n in CONTACT_JOINTS]
    return kinematics.joint_positions(motion)[:, index, 1] - motion.skeleton.rest_heights[index]


def on_floor(motion: Motion) -> Motion:
    """Shifted so that standing feet rest as the rest pose does on y = 0, contacts measured anew.

    The lowest foot of most frames stands; a low percentile passes over the few that noise pulled down.
    """
    height = np.percentile(foot_heights(motion).min(axis=1), 5)
    moved = motion.moved(0.0, (0.0, -height, 0.0))
    return moved.with_contacts(kinematics.detect_contacts(moved))


_DOWN = 0.04  # metres over its resting height within which a foot joint counts as standing


def foot_slide(motion: Motion) -> float | None:
    """How far the standing foot slides over the ground, mean in millimetres per frame; None when no foot is ever down.

    Standing is told by height alone and the slowest of the low joints is taken: a foot that skates has the speed that a
    contact by speed would leave out, and a foot that swings low is not the slowest.
    """
    if len(motion) < 2:
        return None
    index = [motion.skeleton.index(n) for n in CONTACT_JOINTS]
    feet = kinematics.joint_positions(motion)[:, index][..., [0, 2]]
    step = np.linalg.norm(np.diff(feet, axis=0), axis=-1)
    down = foot_heights(motion)[1:] < _DOWN
    slowest = np.where(down, step, np.inf).min(axis=1)
    standing = np.isfinite(slowest)
    return float(1000 * slowest[standing].mean()) if standing.any() else None
