"""A motion remembers its forward kinematics; what is remembered is what would be worked out anew."""

from dataclasses import replace

import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.motion import Motion
from backend.motion.skeleton import Skeleton, canonical


def motion(frames: int, seed: int, skeleton: Skeleton) -> Motion:
    rng = np.random.default_rng(seed)
    return Motion(skeleton, rng.normal(size=(frames, 3)), rot.exp(rng.normal(size=(frames, len(skeleton), 3))))


def joint_by_joint(m: Motion):
    """Forward kinematics in the plainest form."""
    positions, world = np.zeros((len(m), len(m.skeleton), 3)), np.zeros(m.rotations.shape)
    for j, parent in enumerate(m.skeleton.parents):
        if parent < 0:
            positions[:, j], world[:, j] = m.root, m.rotations[:, j]
        else:
            positions[:, j] = positions[:, parent] + rot.rotate(world[:, parent], m.skeleton.offsets[j])
            world[:, j] = rot.multiply(world[:, parent], m.rotations[:, j])
    return positions, world


def close(found, expected):
    assert all(np.allclose(a, b, atol=1e-12) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("kind", ["smpl22", "smplx52"])
def test_pose_is_forward_kinematics(kind):
    m = motion(5, 0, canonical(kind))
    close(kinematics.pose(m), joint_by_joint(m))
    assert kinematics.pose(m) is kinematics.pose(m) and kinematics.joint_positions(m) is kinematics.pose(m)[0]


def test_a_skeleton_of_several_roots_and_an_odd_order():
    offsets = np.random.default_rng(1).normal(size=(6, 3))
    m = motion(4, 2, Skeleton("other", tuple("abcdef"), (-1, 0, -1, 1, 2, 0), offsets))
    close(kinematics.pose(m), joint_by_joint(m))


def test_motions_posed_together_are_posed_as_alone():
    skeleton = canonical()
    several = [motion(n, n, skeleton) for n in (3, 1, 7)]
    kinematics.pose_together(several)
    for m in several:
        close(kinematics.pose(m), joint_by_joint(m))
    with pytest.raises(ValueError, match="the same skeleton"):
        kinematics.pose_together([several[0], motion(2, 0, canonical())])


@pytest.mark.parametrize("known", [False, True])
def test_moving_and_new_contacts_keep_a_true_pose_and_changes_drop_it(known):
    m = motion(6, 3, canonical())
    if known:
        kinematics.pose(m)
    moved = m.moved(0.7, (1.0, 2.0, 3.0))
    close(kinematics.pose(moved), joint_by_joint(moved))
    told = m.with_contacts(np.ones((6, 4), bool))
    close(kinematics.pose(told), joint_by_joint(told))
    assert told.contacts.all() and not m.contacts.any()
    other = replace(m, rotations=m.rotations[::-1])
    close(kinematics.pose(other), joint_by_joint(other))
    close(kinematics.pose(m[2:5]), joint_by_joint(m[2:5]))


def test_nothing_can_be_changed_behind_its_back():
    given = np.zeros((2, 3))
    m = Motion(canonical(), given, np.tile([1.0, 0, 0, 0], (2, 22, 1)))
    given[:] = 5.0
    assert not m.root.any()
    for array in (m.root, m.rotations, *kinematics.pose(m)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
