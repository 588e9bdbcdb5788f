"""Skeleton, Motion and KeyPose: what they hold, and what they refuse."""

from fractions import Fraction

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.kinematics import joint_positions
from backend.motion.motion import JointKey, KeyPose, Motion, as_rate, believed
from backend.motion.skeleton import SMPL22_NAMES, SMPLX52_NAMES, Skeleton, canonical, mirror_names


@pytest.mark.parametrize("kind, joints", [("smpl22", 22), ("smplx52", 52)])
def test_canonical_is_a_symmetric_t_pose_facing_z(kind, joints):
    skeleton = canonical(kind)
    assert len(skeleton) == joints
    at = dict(zip(skeleton.names, skeleton.rest_positions))
    assert at["left_hip"][0] > 0 > at["right_hip"][0]
    assert np.allclose(at["left_wrist"][1], at["left_shoulder"][1])
    assert at["left_foot"][2] > at["left_ankle"][2]
    assert at["head"][1] > at["neck"][1] > at["spine3"][1] > 0 > at["left_knee"][1] > at["left_ankle"][1]
    swap = list(mirror_names(skeleton.names))
    assert np.allclose(skeleton.rest_positions[swap] * [-1, 1, 1], skeleton.rest_positions)
    assert skeleton.hip_height == pytest.approx(-at["left_foot"][1])
    assert 0.7 < skeleton.leg_length < 0.95


def test_smplx_begins_with_smpl():
    assert SMPLX52_NAMES[:22] == SMPL22_NAMES
    assert np.allclose(canonical("smplx52").offsets[:22], canonical().offsets)
    assert canonical("smplx52").parents[SMPLX52_NAMES.index("right_thumb1")] == SMPLX52_NAMES.index("right_wrist")


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("other", ("a", "b"), (-1,), np.zeros((2, 3))), "one name, parent and offset"),
        (("other", ("a", "b"), (-1, 0), np.zeros((2, 2))), "one name, parent and offset"),
        (("other", ("a", "b"), (-1, 1), np.zeros((2, 3))), "every parent before"),
        (("other", ("a", "b"), (-1, 0), np.full((2, 3), np.nan)), "finite"),
        (("smpl22", ("a", "b"), (-1, 0), np.zeros((2, 3))), "kind"),
    ],
)
def test_skeleton_errors(arguments, says):
    with pytest.raises(ValueError, match=says):
        Skeleton(*arguments)


def test_unknown_kind():
    with pytest.raises(ValueError, match="smplx52"):
        canonical("smpl24")


def test_skeleton_dict_round_trip():
    skeleton = canonical("smplx52")
    back = Skeleton.from_dict(skeleton.to_dict())
    assert (back.kind, back.names, back.parents) == (skeleton.kind, skeleton.names, skeleton.parents)
    assert np.array_equal(back.offsets, skeleton.offsets)


@pytest.mark.parametrize(
    "given, rate",
    [
        (24, Fraction(24)),
        (23.976, Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (25.0, Fraction(25)),
        ("24000/1001", Fraction(24000, 1001)),
        ("23.976", Fraction(24000, 1001)),
        ("30", Fraction(30)),
        ((24, 1), Fraction(24)),
        ((24, 1.001), Fraction(24000, 1001)),
        ((30, float(np.float32(1.001))), Fraction(30000, 1001)),  # as bpy hands fps_base over
        ((60, float(np.float32(1.001))), Fraction(60000, 1001)),
        (np.float32(59.94), Fraction(60000, 1001)),
        (12.5, Fraction(25, 2)),
    ],
)
def test_rates(given, rate):
    assert as_rate(given) == rate


@pytest.mark.parametrize("given", [0, -24, 0.5, 1001, float("nan"), float("inf"), "fast", (24, 0), (24, -1.0)])
def test_rates_refused(given):
    with pytest.raises(ValueError):
        as_rate(given)


def motion_of(frames=3, **changes):
    arrays = {"root": np.zeros((frames, 3)), "rotations": np.tile(rot.IDENTITY, (frames, 22, 1))}
    return Motion(canonical(), **{**arrays, **changes})


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"root": np.zeros((3, 2))}, r"\(T, 3\)"),
        ({"root": np.zeros((0, 3)), "rotations": np.zeros((0, 22, 4))}, "T >= 1"),
        ({"root": np.zeros((4, 3))}, r"\(4, 22, 4\)"),
        ({"rotations": np.zeros((3, 21, 4))}, r"\(3, 22, 4\)"),
        ({"root": np.full((3, 3), np.nan)}, "NaN"),
        ({"rotations": np.full((3, 22, 4), np.inf)}, "NaN"),
        ({"contacts": np.zeros((3, 2), bool)}, "contacts"),
        ({"fps": 0}, "frame rate"),
    ],
)
def test_motion_errors(changes, says):
    with pytest.raises(ValueError, match=says):
        motion_of(**changes)


@pytest.mark.parametrize("number", [0.0, 1e300])
def test_a_rotation_without_direction_is_not_believed(number):
    rotations = np.tile(rot.IDENTITY, (3, 22, 1))
    rotations[2, 4] = number
    with pytest.raises(ValueError, match="the rotation of left_knee at frame 2 has no direction"):
        believed(motion_of(rotations=rotations))


def test_a_root_beyond_all_scenes_is_not_believed(random_motion):
    with pytest.raises(ValueError, match=r"1e\+30 m from the origin, at most 1e\+06 m"):
        believed(motion_of(root=np.full((3, 3), 1e30)))
    motion = random_motion().moved(0.0, (9e5, 0.0, 0.0))
    assert believed(motion) is motion


def test_motion_normalises_and_slices(random_motion):
    motion = motion_of(rotations=np.tile(rot.IDENTITY * 3.0, (3, 22, 1)))
    assert np.allclose(motion.rotations, rot.IDENTITY)
    motion = random_motion(frames=30, fps=30)
    assert motion.seconds == 1.0
    part = motion[10:20]
    assert len(part) == 10 and np.array_equal(part.root, motion.root[10:20])
    assert np.array_equal(part.contacts, motion.contacts[10:20])
    with pytest.raises(TypeError):
        motion[3]
    with pytest.raises(ValueError):
        motion[30:]


def test_moved_moves_every_joint(random_motion):
    motion = random_motion()
    yaw, offset = 1.2, np.array([3.0, 0.1, -2.0])
    expected = rot.rotate(rot.about_y(yaw), joint_positions(motion)) + offset
    assert np.allclose(joint_positions(motion.moved(yaw, offset)), expected, atol=1e-12)


def test_on_scales_the_root_by_leg_length(random_motion):
    motion = random_motion()
    giant = canonical().with_offsets(canonical().offsets * 2.0)
    moved = motion.on(giant)
    assert np.allclose(joint_positions(moved), 2.0 * joint_positions(motion), atol=1e-12)
    with pytest.raises(ValueError, match="retargeter"):
        motion.on(canonical("smplx52"))


def test_key_pose_round_trip():
    keys = {"left_wrist": JointKey(position=np.array([0.1, 1.0, 0.2])), "head": JointKey(rotation=rot.IDENTITY)}
    pose = KeyPose(12, keys, ground=np.array([1.0, 2.0]), heading=0.5)
    back = KeyPose.from_dict(pose.to_dict())
    assert back.to_dict() == pose.to_dict()
    assert back.height is None and back.joints["left_wrist"].rotation is None
    with pytest.raises(ValueError, match="2 finite numbers"):
        KeyPose.from_dict({"frame": 1, "ground": [1, 2, 3]})
    with pytest.raises(ValueError, match="2 finite numbers"):
        KeyPose.from_dict({"frame": 1, "ground": ["1", "2"]})
    with pytest.raises(ValueError, match="finite"):
        KeyPose.from_dict({"frame": 1, "joints": {"head": {"position": [0, float("nan"), 0]}}})


@pytest.mark.parametrize(
    "change", [{"frame": 130.9}, {"frame": "130"}, {"frame": True}, {"height": "1"}, {"heading": True}]
)
def test_nothing_of_a_key_pose_is_guessed(change):
    with pytest.raises(ValueError, match=rf"{next(iter(change))} of a key pose must be a (whole )?number, got"):
        KeyPose.from_dict({"frame": 1} | change)
