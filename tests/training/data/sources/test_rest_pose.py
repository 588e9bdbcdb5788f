"""Rest poses of recordings: what positions do not show is found from the files' geometry and from the movement."""

import numpy as np
import pytest

from backend.motion import kinematics, rest_pose, retarget
from backend.motion import rotations as rot
from backend.motion.bone_map import BoneMap
from backend.motion.motion import Motion
from backend.motion.skeleton import SMPL22_NAMES

MAP = BoneMap("SMPL", {name: (name,) for name in SMPL22_NAMES})
SIDES = (("left", 1.0), ("right", -1.0))


def against(motion, **turns):
    """The same movement described against our rest pose with some joints turned by local rotations."""
    frame = np.tile(rot.IDENTITY, (1, 22, 1))
    for name, q in turns.items():
        frame[0, SMPL22_NAMES.index(name)] = q
    whole = Motion(
        motion.skeleton,
        np.concatenate([motion.root, motion.root[:1]]),
        np.concatenate([motion.rotations, frame]),
        motion.fps,
    )
    return retarget.rebound(whole, len(motion))[: len(motion)]


def about(axis, degrees):
    return rot.from_axis_angle(np.eye(3)["xyz".index(axis)], np.asarray(np.deg2rad(degrees)))


def same(one, other, tolerance=1.0, joints=SMPL22_NAMES):
    """Whether two movements are the same rotations on our skeleton, degrees."""
    turned = [SMPL22_NAMES.index(name) for name in joints]
    a, b = (kinematics.pose(retarget.retarget(m, MAP))[1][:, turned] for m in (one, other))
    return np.rad2deg(rot.angle_between(a, b)).max() < tolerance


def spread(motion, degrees, feet_too):
    """Against a rest pose whose legs are spread; the soles stay flat there, or turn along."""
    turns = {}
    for side, sign in SIDES:
        turns[f"{side}_hip"] = about("z", sign * degrees)
        if not feet_too:
            turns[f"{side}_ankle"] = about("z", -sign * degrees)
    return against(motion, **turns)


def bending(make, degrees=70.0, seconds=3.0):
    """Hanging arms whose elbows fold forwards and open again."""
    frames = round(seconds * 30)
    angle = degrees * (0.5 - 0.5 * np.cos(np.linspace(0, 4 * np.pi, frames)))
    return make.stand(seconds, {f"{side}_elbow": about("y", -sign * angle) for side, sign in SIDES})


def test_feet_that_are_square_to_spread_legs_stand_flat(make):
    """As in CMU's ASF files; without it every foot stands on its edge."""
    walk = make.walk(2.0)
    on_edge = spread(walk, 20, feet_too=True)
    assert not same(on_edge, walk, 15) and same(rest_pose.as_ours(on_edge, MAP), walk)


@pytest.mark.parametrize("degrees, feet_too", [(0, True), (6, True), (20, False)])
def test_other_legs_stay(make, degrees, feet_too):
    motion = spread(make.walk(1.0), degrees, feet_too)
    assert rest_pose.as_ours(motion, MAP) is motion


@pytest.mark.parametrize("roll", [-42.0, 21.0, 80.0])
def test_arms_that_are_rolled_at_rest_are_told_by_their_elbows(make, roll):
    """Both arms, mirrored; the hands lie as they did."""
    true = bending(make)
    turns = {}
    for side, sign in SIDES:
        turns[f"{side}_shoulder"], turns[f"{side}_wrist"] = about("x", sign * roll), about("x", -sign * roll)
    rolled = against(true, **turns)
    assert not same(rolled, true, abs(roll) - 3) and same(rest_pose.as_ours(rolled, MAP), true)


@pytest.mark.parametrize("degrees", [0.0, 20.0])
def test_arms_that_hardly_bend_show_nothing(make, degrees):
    motion = against(bending(make, degrees), left_shoulder=about("x", 30.0), left_wrist=about("x", -30.0))
    assert rest_pose.as_ours(motion, MAP) is motion


@pytest.mark.parametrize("bent, aside", [(17.0, 10.0), (17.0, -25.0), (40.0, 0.0), (6.0, 30.0)])
def test_arms_that_are_bent_at_rest_fold_as_the_movement_does(make, bent, aside):
    """As in Daz's conversions of CMU: the bend at rest points 10 degrees beside where the elbow folds."""
    true = bending(make)
    turns = {}
    for side, sign in SIDES:
        at = about("x", sign * aside)
        turns[f"{side}_elbow"] = rot.multiply(rot.multiply(at, about("y", -sign * bent)), rot.inverse(at))
    beside = against(true, **turns)
    mended = rest_pose.as_ours(beside, MAP)
    # of a hand without fingers the retargeter knows no more than how the forearm is bent
    assert same(mended, true, joints=[name for name in SMPL22_NAMES if "wrist" not in name])
    there, wanted = (kinematics.joint_positions(m) for m in (mended, beside))
    assert np.abs(there - wanted).max() < 1e-9


def test_folds_that_disagree_are_no_hinge(make):
    """A forearm that swings to all sides tells nothing of the elbow's axis."""
    frames = 120
    angle = np.linspace(0, 4 * np.pi, frames)
    swing = rot.multiply(rot.from_axis_angle(np.array([1.0, 0, 0]), angle), about("y", -60.0))
    motion = against(make.stand(4.0, {"left_elbow": swing}), left_shoulder=about("x", 30.0))
    assert rest_pose.as_ours(motion, MAP) is motion


def test_ours_stays_ours(make):
    for motion in (make.walk(2.0), bending(make)):
        assert same(rest_pose.as_ours(motion, MAP), motion, 0.1)
