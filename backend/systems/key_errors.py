"""How far a take is from the key poses that it was asked to pass through."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..motion import kinematics
from ..motion import rotations as rot
from ..motion.motion import KeyPose, Motion
from ..protocol import PoseError
from .full_poses import bound_rotations


def key_errors(keys: Iterable[tuple[KeyPose, int]], take: Motion) -> tuple[PoseError, ...]:
    """Of each key at its frame of ``take``, which is on the character that the keys are meant on."""
    return tuple(_error(key, take[frame : frame + 1]) for key, frame in keys)


def _error(key: KeyPose, there: Motion) -> PoseError:
    """``there`` (one frame) beside itself as it would be if it met the key: all that the key leaves open, place and
    heading too, is then as it is."""
    skeleton, positions = there.skeleton, kinematics.joint_positions(there)
    bound = {skeleton.index(name): rotation for name, rotation in bound_rotations(key, skeleton).items()}
    rotations = there.rotations.copy()
    rotations[0, list(bound)] = list(bound.values())
    if 0 in bound or key.heading is not None:
        met, _ = kinematics.forward(skeleton, there.root, rotations)
        facing = kinematics.facing_yaw(positions, skeleton) if key.heading is None else key.heading
        turn = rot.about_y(facing - kinematics.facing_yaw(met, skeleton))
        rotations[:, 0] = rot.multiply(turn, rotations[:, 0])
    met, _ = kinematics.forward(skeleton, _root(key, there), rotations)
    off = rot.angle_between(rotations, there.rotations)
    return PoseError(
        key.frame, 100.0 * float(np.linalg.norm(met - positions, axis=-1).max()), float(np.rad2deg(off.max()))
    )


def _root(key: KeyPose, there: Motion) -> np.ndarray:
    """Where the pelvis (1, 3) is to be, as far as the key says."""
    root, pelvis = there.root.copy(), key.joints.get("pelvis")
    if pelvis is not None and pelvis.position is not None:
        root[0] = pelvis.position
    if key.ground is not None:
        root[0, [0, 2]] = key.ground
    if key.height is not None:
        root[0, 1] = key.height
    return root
