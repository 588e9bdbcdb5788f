"""Mirroring: twice is nothing, once is a reflection of every joint."""

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.kinematics import heading, joint_positions
from backend.motion.mirror import mirror
from backend.motion.skeleton import canonical, mirror_names


@pytest.fixture(params=["smpl22", "smplx52"])
def motion(request, random_motion):
    skeleton = canonical(request.param)
    crooked = skeleton.offsets + np.random.default_rng(3).normal(0, 0.01, skeleton.offsets.shape)
    crooked[0] = 0.0
    return random_motion(skeleton.with_offsets(crooked), amount=2.0)


def test_twice_is_the_same(motion):
    back = mirror(mirror(motion))
    assert np.allclose(back.root, motion.root)
    assert rot.angle_between(back.rotations, motion.rotations).max() < 1e-7
    assert np.allclose(back.skeleton.offsets, motion.skeleton.offsets)
    assert np.array_equal(back.contacts, motion.contacts)


def test_every_joint_is_reflected(motion):
    swap = list(mirror_names(motion.skeleton.names))
    expected = joint_positions(motion)[:, swap] * np.array([-1.0, 1.0, 1.0])
    assert np.allclose(joint_positions(mirror(motion)), expected, atol=1e-12)
    assert np.array_equal(mirror(motion).contacts, motion.contacts[:, [2, 3, 0, 1]])


def test_turning_left_becomes_turning_right(random_motion):
    motion = random_motion(amount=0.2)
    assert np.allclose(heading(mirror(motion)), -heading(motion), atol=1e-9)
