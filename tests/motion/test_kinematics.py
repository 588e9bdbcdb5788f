"""Forward kinematics, heading and contacts on poses that can be checked by hand."""

import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.motion import Motion
from backend.motion.skeleton import Skeleton, canonical


def still(frames=60, fps=30, **changes):
    skeleton = canonical()
    root = np.tile([0.0, skeleton.hip_height, 0.0], (frames, 1))
    return Motion(skeleton, changes.get("root", root), np.tile(rot.IDENTITY, (frames, 22, 1)), fps)


def turning(yaws, fps=30):
    motion = still(len(yaws), fps)
    rotations = motion.rotations.copy()
    rotations[:, 0] = rot.about_y(np.asarray(yaws, float))
    return Motion(motion.skeleton, motion.root, rotations, fps)


def test_forward_by_hand():
    arm = Skeleton("other", ("a", "b", "c"), (-1, 0, 1), np.array([[0, 0, 0], [1, 0, 0], [1, 0, 0.0]]))
    quarter = rot.exp(np.array([0, 0, np.pi / 2]))
    positions, world = kinematics.forward(arm, np.array([5.0, 0, 0]), np.stack([quarter, quarter, rot.IDENTITY]))
    assert np.allclose(positions, [[5, 0, 0], [5, 1, 0], [4, 1, 0]])
    assert np.allclose(rot.rotate(world[2], np.array([1.0, 0, 0])), [-1, 0, 0])


def test_forward_at_rest_is_the_rest_pose():
    skeleton = canonical("smplx52")
    positions, _ = kinematics.forward(skeleton, np.zeros(3), np.tile(rot.IDENTITY, (52, 1)))
    assert np.allclose(positions, skeleton.rest_positions)


def test_local_from_world_inverts_forward(random_motion):
    motion = random_motion()
    _, world = kinematics.forward(motion.skeleton, motion.root, motion.rotations)
    local = kinematics.local_from_world(motion.skeleton, world)
    assert rot.angle_between(local, motion.rotations).max() < 1e-7


def test_bones_keep_their_length(random_motion):
    motion = random_motion(amount=3.0)
    positions = kinematics.joint_positions(motion)
    parents = list(motion.skeleton.parents[1:])
    lengths = np.linalg.norm(positions[:, 1:] - positions[:, parents], axis=-1)
    assert np.allclose(lengths, np.linalg.norm(motion.skeleton.offsets[1:], axis=-1))


@pytest.mark.parametrize("yaw", [-3.0, -1.0, 0.0, 0.4, 2.5])
def test_heading_of_a_standing_body(yaw):
    motion = turning(np.full(20, yaw))
    assert np.allclose(kinematics.heading(motion), yaw)
    assert np.allclose(kinematics.facing_yaw(kinematics.joint_positions(motion), motion.skeleton), yaw)


@pytest.mark.parametrize("fps", [20, 30, 60, 120])
def test_heading_unwraps_and_follows(fps):
    yaws = np.linspace(0, 4 * np.pi, 6 * fps)
    measured = kinematics.heading(turning(yaws, fps))
    inside = slice(fps, -fps)
    assert np.abs(measured - yaws)[inside].max() < 0.01


def test_heading_turns_at_most_40_degrees_a_frame_and_catches_up():
    yaws = np.where(np.arange(60) < 30, 0.0, 2.4)
    measured = kinematics.heading(turning(yaws), sigma_seconds=0.0)
    assert np.abs(np.diff(measured)).max() <= kinematics.MAX_TURN_PER_FRAME + 1e-12
    assert measured[29] == pytest.approx(0.0)
    assert measured[-1] == pytest.approx(2.4)


def test_gaussian_keeps_constants_and_smooths():
    assert np.allclose(kinematics.gaussian(np.full((9, 2, 3), 4.0), 2.0), 4.0)
    noisy = np.random.default_rng(0).normal(size=(500, 2))
    assert kinematics.gaussian(noisy, 3.0).std() < 0.5 * noisy.std()
    assert np.array_equal(kinematics.gaussian(noisy, 0.0), noisy)
    assert kinematics.gaussian(noisy[:1], 3.0).shape == (1, 2)


def test_contacts_of_standing_sliding_and_flying():
    assert kinematics.detect_contacts(still()).all()
    assert kinematics.detect_contacts(still(frames=1)).all()
    up = still()
    flying = Motion(up.skeleton, up.root + [0, 0.3, 0], up.rotations, 30)
    assert not kinematics.detect_contacts(flying).any()
    sliding = Motion(up.skeleton, up.root + np.arange(60)[:, None] * np.array([0, 0, 2.0 / 30]), up.rotations, 30)
    assert not kinematics.detect_contacts(sliding).any()


def test_contacts_of_one_lifted_foot():
    motion = still()
    rotations = motion.rotations.copy()
    rotations[:, motion.skeleton.index("right_hip")] = rot.exp(np.array([-np.pi / 2, 0, 0]))
    contacts = kinematics.detect_contacts(Motion(motion.skeleton, motion.root, rotations, 30))
    assert contacts[:, :2].all() and not contacts[:, 2:].any()
