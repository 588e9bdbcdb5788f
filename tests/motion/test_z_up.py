"""Recordings with Z up: turned where rest pose and movement both show it."""

import numpy as np

from backend.motion import axes, kinematics, z_up
from backend.motion import rotations as rot
from backend.motion.bone_map import BoneMap
from backend.motion.motion import Motion
from backend.motion.skeleton import Skeleton, canonical

BASE = canonical()
MAP = BoneMap("same", {name: (name,) for name in BASE.names})


def in_world(motion: Motion, turn) -> Motion:
    """The same movement in a file whose world is turned by ``turn`` (4,)."""
    skeleton = Skeleton("other", BASE.names, BASE.parents, rot.rotate(turn, BASE.offsets))
    rotations = rot.multiply(rot.multiply(turn, motion.rotations), rot.inverse(turn))
    return Motion(skeleton, rot.rotate(turn, motion.root), rotations, motion.fps)


def standing(lean: float = 0.0) -> Motion:
    """20 frames that lean forward by so many radians."""
    rotations = np.tile(rot.IDENTITY, (20, len(BASE), 1))
    rotations[:, 0] = rot.exp(np.array([lean, 0.0, 0.0]))
    return Motion(BASE, np.tile([0.3, BASE.hip_height, 1.0], (20, 1)), rotations, 30)


def test_z_up_is_turned_to_y_up():
    found, turned = z_up.y_up(in_world(standing(0.4), rot.inverse(axes.TURNS["z"])), MAP)
    assert turned
    np.testing.assert_allclose(found.skeleton.offsets, BASE.offsets, atol=1e-12)
    true = kinematics.joint_positions(standing(0.4))
    np.testing.assert_allclose(kinematics.joint_positions(found), true, atol=1e-12)


def test_y_up_stays_whatever_the_body_does():
    for lean in (0.0, 1.5):  # 1.5: it lies on its face
        motion = standing(lean)
        assert z_up.y_up(motion, MAP) == (motion, False)


def test_a_rest_pose_that_lies_and_a_body_that_stands():
    """Every joint turns the lying rest pose up again."""
    lying = in_world(standing(), rot.inverse(axes.TURNS["z"]))
    rotations = lying.rotations.copy()
    rotations[:, 0] = axes.TURNS["z"]
    up = Motion(lying.skeleton, np.tile([0.0, 1.0, 0.0], (20, 1)), rotations, 30)
    assert z_up.y_up(up, MAP) == (up, False)
