"""BVH files whose zero pose or axes are not ours give the same movement as those whose are."""

import numpy as np
import pytest

from backend.motion import kinematics, retarget
from backend.motion import rotations as rot
from backend.motion.bone_map import BoneMap
from backend.motion.motion import Motion
from backend.motion.skeleton import SMPL22_NAMES, Skeleton
from training.data.sources import posture

MAP = BoneMap("SMPL", {name: (name,) for name in SMPL22_NAMES})


def limp(motion):
    """The same movement in a skeleton whose every bone points along X at rest, as Ubisoft's LAFAN1 has it."""
    positions, world = kinematics.pose(motion)
    skeleton = motion.skeleton
    lengths = np.linalg.norm(skeleton.offsets, axis=-1)
    # joints with several bones keep their ways, turned: in LAFAN1, too, only chains are straight
    first = [skeleton.children[j][0] if skeleton.children[j] else None for j in range(len(skeleton))]
    away = np.array([turn_to_x(skeleton.offsets[c] if c else np.array([1.0, 0, 0])) for c in first])
    offsets = np.zeros_like(skeleton.offsets)
    for j, p in enumerate(skeleton.parents):
        if p >= 0:
            offsets[j] = rot.rotate(away[p], skeleton.offsets[j])
    assert np.allclose(np.linalg.norm(offsets, axis=-1), lengths)
    other = Skeleton("other", skeleton.names, skeleton.parents, offsets)
    turned = rot.multiply(world, rot.inverse(away))
    return Motion(other, motion.root, kinematics.local_from_world(other, turned), motion.fps)


def turn_to_x(direction):
    direction = direction / np.linalg.norm(direction)
    axis = np.cross(direction, [1.0, 0, 0])
    if np.linalg.norm(axis) < 1e-9:
        axis = np.array([0.0, 1.0, 0.0])
    return rot.from_axis_angle(axis / np.linalg.norm(axis), np.asarray(np.arccos(np.clip(direction[0], -1, 1))))


def z_up(motion):
    """The same movement in a file whose Z points up: (x, y, z) -> (x, -z, y)."""
    q = rot.from_axis_angle(np.array([1.0, 0, 0]), np.asarray(np.pi / 2))
    offsets = rot.rotate(q, motion.skeleton.offsets)
    skeleton = Skeleton("other", motion.skeleton.names, motion.skeleton.parents, offsets)
    rotations = rot.multiply(rot.multiply(q, motion.rotations), rot.inverse(q))
    return Motion(skeleton, rot.rotate(q, motion.root), rotations, motion.fps)


def directions(motion):
    positions = kinematics.joint_positions(motion)
    pairs = [("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")]
    at = motion.skeleton.index
    bones = [(at(s + a), at(s + b)) for s in ("left_", "right_") for a, b in pairs]
    return np.stack([rot.normalize(positions[:, b] - positions[:, a]) for a, b in bones])


def test_a_usual_zero_pose_stays(make):
    motion = make.walk(1.0)
    assert posture.upright(motion, MAP) is motion


def test_a_zero_pose_that_is_no_body_is_replaced_by_a_frame_that_stands(make):
    motion = make.walk(1.0, pose={"right_shoulder": make.about("z", -1.2)})
    damaged = limp(motion)
    rest = {s: p[None] for s, p in retarget.slot_points(damaged.skeleton, MAP).items()}
    assert posture.standing(rest)[0] < 0.7
    there = retarget.retarget(posture.upright(damaged, MAP), MAP)
    np.testing.assert_allclose(directions(there), directions(motion), atol=1e-6)
    np.testing.assert_allclose(np.diff(there.root, axis=0), np.diff(motion.root, axis=0), atol=2e-3)


def test_a_file_whose_z_points_up_is_turned(make):
    motion = make.walk(1.0, turn=1.0)
    there = posture.upright(z_up(motion), MAP)
    np.testing.assert_allclose(there.root, motion.root, atol=1e-9)
    np.testing.assert_allclose(kinematics.joint_positions(there), kinematics.joint_positions(motion), atol=1e-9)
    np.testing.assert_allclose(there.skeleton.offsets, motion.skeleton.offsets, atol=1e-9)


def test_somebody_who_lies_stays_lying(make):
    """A zero pose along Z alone does not make Z the file's up: here the figure stands along Y in all frames."""
    motion = make.walk(1.0)
    lying = retarget.rebound(motion)
    q = rot.from_axis_angle(np.array([1.0, 0, 0]), np.asarray(np.pi / 2))
    skeleton = Skeleton("other", lying.skeleton.names, lying.skeleton.parents, rot.rotate(q, lying.skeleton.offsets))
    world = rot.multiply(kinematics.pose(lying)[1], rot.inverse(q))
    standing = Motion(skeleton, lying.root, kinematics.local_from_world(skeleton, world), lying.fps)
    np.testing.assert_allclose(
        kinematics.joint_positions(posture.upright(standing, MAP)), kinematics.joint_positions(motion), atol=1e-9
    )


def test_without_any_frame_that_stands_it_is_an_error(make):
    sitting = {side + "hip": make.about("x", -1.6) for side in ("left_", "right_")}
    with pytest.raises(ValueError, match="stands upright"):
        posture.upright(limp(make.stand(0.5, pose=sitting)), MAP)


@pytest.mark.parametrize(
    ("leg", "unit"), [(820, 0.001), (82, 0.01), (40, 0.0254), (14.9, 2.54 / 45), (0.85, 1.0), (0.3, 1.0)]
)
def test_the_unit_is_the_one_nearest_to_a_grown_persons_leg(leg, unit):
    assert posture.metres_per_unit(leg) == unit


@pytest.mark.parametrize("leg", [0.0, float("nan")])
def test_legs_without_a_length_have_no_unit(leg):
    with pytest.raises(ValueError, match="no length"):
        posture.metres_per_unit(leg)
