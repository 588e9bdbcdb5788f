"""Joint positions to rotations: exact where anatomy says all, equivariant, smooth where positions say nothing."""

import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.from_positions import ELBOW_AXES, FINGERTIP, FOREARM, KNEE_AXES, measure, solve
from backend.motion.mirror import mirror
from backend.motion.motion import Motion
from backend.motion.skeleton import SMPL22_NAMES, SMPLX52_NAMES, canonical
from backend.motion.twist import carried, smooth, transported

FRAMES = 90
INDEX = {name: j for j, name in enumerate(SMPLX52_NAMES)}
GUESSED = ("left_foot", "right_foot", "head", "left_wrist", "right_wrist")
SHOWN = [j for j, name in enumerate(SMPL22_NAMES) if name not in GUESSED]


def degrees(a, b) -> np.ndarray:
    return np.degrees(rot.angle_between(a, b))


def turning(axes, least, most, phase=0.0) -> np.ndarray:
    """(T, 4) turning about ``axes`` (3,) or (T, 3) to and fro between two angles in degrees, once in two seconds."""
    wave = 0.5 - 0.5 * np.cos(np.arange(FRAMES) * np.pi / 30.0 + phase)
    return rot.from_axis_angle(np.broadcast_to(axes, (FRAMES, 3)), np.deg2rad(least + (most - least) * wave))


def walk(kind="smpl22", knees=(20, 70), elbows=(25, 80)) -> Motion:
    """A body that turns as it goes and nods; knees and elbows are hinges; hips, ankles and shoulders swing in one plane
    each."""
    skeleton = canonical(kind)
    q = np.tile(rot.IDENTITY, (FRAMES, len(skeleton), 1))
    q[:, 0] = rot.multiply(rot.about_y(np.linspace(0.0, 2.5, FRAMES)), turning([1.0, 0.0, 0.3], -5, 15))
    for s, side in enumerate(("left", "right")):
        sign, phase = 1.0 - 2.0 * s, np.pi * s

        def put(part, value, side=side):
            q[:, INDEX[f"{side}_{part}"]] = value

        put("hip", turning([1.0, 0.0, 0.2 * sign], 10, -50, phase))
        put("knee", turning(KNEE_AXES[s], *knees, phase))
        put("ankle", turning([1.0, 0.0, 0.0], -20, 20, phase))
        down = rot.from_axis_angle([0.0, 0.0, -sign], np.deg2rad(70.0))
        arm = rot.rotate(down, np.array([sign, 0.0, 0.0]))
        put("shoulder", rot.multiply(turning(np.cross([0.0, 0.0, 1.0], arm), -30, 30, phase), down))
        put("elbow", turning(ELBOW_AXES[s], *elbows, phase))
    q[:, INDEX["neck"]] = turning([1.0, 0.0, 0.0], -15, 20)
    root = np.stack([np.zeros(FRAMES), np.full(FRAMES, 0.95), np.linspace(0, 4, FRAMES)], axis=1)
    return Motion(skeleton, root, q)


def largest_step(motion: Motion) -> float:
    return degrees(motion.rotations[1:], motion.rotations[:-1]).max()


def test_hinges_are_recovered():
    motion = walk()
    solved = solve(kinematics.joint_positions(motion), 30)
    assert degrees(solved.rotations, motion.rotations).max() < 0.1
    assert np.abs(kinematics.joint_positions(solved) - kinematics.joint_positions(motion)).max() < 1e-9
    assert np.abs(solved.skeleton.offsets - motion.skeleton.offsets).max() < 1e-9
    assert solved.fps == 30


def test_rest_pose_is_no_rotation():
    for kind in ("smpl22", "smplx52"):
        solved = solve(np.repeat(canonical(kind).rest_positions[None], 3, axis=0), 24, kind)
        assert degrees(solved.rotations, rot.IDENTITY).max() < 1e-3


@pytest.mark.parametrize("kind", ["smpl22", "smplx52"])
def test_positions_are_kept_whatever_the_pose(kind, random_motion):
    skeleton = canonical(kind)
    sizes = np.random.default_rng(5).uniform(0.8, 1.3, (len(skeleton), 1))
    motion = random_motion(skeleton.with_offsets(skeleton.offsets * sizes), frames=120, amount=1.5)
    positions = kinematics.joint_positions(motion)
    solved = solve(positions, 30, kind)
    assert np.abs(kinematics.joint_positions(solved) - positions).max() < 1e-6


def test_bent_and_twisted_spine():
    """Turned about itself, a spine is shared; the chest and what hangs from it are where they were."""
    motion = walk()
    q = motion.rotations.copy()
    for name in ("spine1", "spine2", "spine3"):
        turn = rot.multiply(turning([0.0, 1.0, 0.0], -10, 20), turning([1.0, 0.0, 0.2], 0, 25))
        q[:, INDEX[name]] = turn
    motion = Motion(motion.skeleton, motion.root, q)
    solved = solve(kinematics.joint_positions(motion), 30)
    world, true = kinematics.pose(solved)[1], kinematics.pose(motion)[1]
    assert degrees(world[:, SHOWN], true[:, SHOWN]).max() < 8.0
    chest_down = [INDEX[n] for n in ("spine3", "neck", "left_shoulder", "right_elbow", "left_knee", "right_hip")]
    assert degrees(world[:, chest_down], true[:, chest_down]).max() < 0.1


def test_straight_arms_and_legs_carry_what_bent_ones_showed():
    """Straight for the middle third, while hips and shoulders go on swinging: no joint may turn far from the truth."""
    motion = walk()
    q = motion.rotations.copy()
    fade = np.clip(np.abs(np.arange(FRAMES) - FRAMES / 2) / 15.0 - 1.0, 0.0, 1.0)
    for name in ("left_knee", "right_knee", "left_elbow", "right_elbow"):
        q[:, INDEX[name]] = rot.slerp(np.broadcast_to(rot.IDENTITY, (FRAMES, 4)), q[:, INDEX[name]], fade)
    motion = Motion(motion.skeleton, motion.root, q)
    solved = solve(kinematics.joint_positions(motion), 30)
    assert degrees(solved.rotations, motion.rotations)[:, SHOWN].max() < 30.0
    assert largest_step(solved) < largest_step(motion) + 3.0


def test_noise_in_straight_limbs_makes_no_flips():
    motion = walk(knees=(0, 2), elbows=(0, 2))
    noise = np.random.default_rng(1).normal(0.0, 0.002, (FRAMES, 22, 3))
    assert largest_step(solve(kinematics.joint_positions(motion) + noise, 30)) < 45.0


def test_overstretched_knees_do_not_turn_round():
    motion = walk(knees=(-4, 60))
    solved = solve(kinematics.joint_positions(motion), 30)
    hips = [INDEX["left_hip"], INDEX["right_hip"]]
    assert degrees(solved.rotations, motion.rotations)[:, hips].max() < 30.0


@pytest.mark.parametrize("kind", ["smpl22", "smplx52"])
def test_moving_the_body_moves_only_its_root(kind, random_motion):
    positions = kinematics.joint_positions(random_motion(canonical(kind), amount=1.2))
    turn = rot.exp([0.7, -1.9, 0.4])
    one, other = solve(positions, 30, kind), solve(rot.rotate(turn, positions) + [3.0, -1.0, 2.0], 30, kind)
    assert degrees(one.rotations[:, 1:], other.rotations[:, 1:]).max() < 1e-4
    assert degrees(rot.multiply(turn, one.rotations[:, 0]), other.rotations[:, 0]).max() < 1e-4


@pytest.mark.parametrize("kind", ["smpl22", "smplx52"])
def test_mirrored_positions_give_the_mirrored_motion(kind, random_motion):
    motion = random_motion(canonical(kind), amount=1.2)
    expected = mirror(solve(kinematics.joint_positions(motion), 30, kind))
    got = solve(kinematics.joint_positions(mirror(motion)), 30, kind)
    assert degrees(got.rotations, expected.rotations).max() < 1e-4
    assert np.allclose(got.skeleton.offsets, expected.skeleton.offsets)


@pytest.mark.parametrize("kind", ["smpl22", "smplx52"])
def test_backwards_in_time_is_the_same_backwards(kind, random_motion):
    positions = kinematics.joint_positions(random_motion(canonical(kind), amount=1.2))
    forwards, backwards = solve(positions, 30, kind), solve(positions[::-1], 30, kind)
    assert degrees(forwards.rotations, backwards.rotations[::-1]).max() < 1e-3


def test_hands_give_the_wrist_and_half_of_their_twist_to_the_forearm():
    motion = walk("smplx52")
    q = motion.rotations.copy()
    q[:, INDEX["left_wrist"]] = turning([1.0, 0.0, 0.0], -40, 80)
    q[:, INDEX["left_index1"]] = turning([0.0, 0.0, -1.0], 5, 60)
    motion = Motion(motion.skeleton, motion.root, q)
    solved = solve(kinematics.joint_positions(motion), 30, "smplx52")
    world, true = kinematics.pose(solved)[1], kinematics.pose(motion)[1]
    hand = [INDEX["left_wrist"], INDEX["left_index1"], INDEX["right_wrist"], INDEX["right_shoulder"]]
    assert degrees(world[:, hand], true[:, hand]).max() < 0.2
    forearm = rot.multiply(rot.inverse(true[:, INDEX["left_elbow"]]), world[:, INDEX["left_elbow"]])
    twist = np.degrees(rot.angle(q[:, INDEX["left_wrist"]]))
    assert np.abs(np.degrees(rot.angle(forearm)) - FOREARM * twist).max() < 0.2


def test_last_joints_of_fingers_bend_with_the_ones_before_them():
    motion = walk("smplx52")
    q = motion.rotations.copy()
    bend = turning([0.0, 0.0, -1.0], 5, 60)
    q[:, INDEX["left_index2"]] = bend
    q[:, INDEX["left_index3"]] = rot.slerp(rot.IDENTITY, bend, np.array(FINGERTIP))
    motion = Motion(motion.skeleton, motion.root, q)
    solved = solve(kinematics.joint_positions(motion), 30, "smplx52")
    fingers = [INDEX["left_index2"], INDEX["left_index3"], INDEX["right_index3"]]
    assert degrees(solved.rotations[:, fingers], motion.rotations[:, fingers]).max() < 0.2


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_head_that_lies_before_its_neck_shows_which_way_it_turns(sign):
    skeleton = canonical()
    offsets = skeleton.offsets.copy()
    offsets[INDEX["head"]] = (0.0, 0.09, 0.05)
    motion = walk()
    q = motion.rotations.copy()
    q[:, INDEX["neck"]] = turning([0.0, sign, 0.0], 0, 30)
    motion = Motion(skeleton.with_offsets(offsets), motion.root, q)
    solved = solve(kinematics.joint_positions(motion), 30, rest=motion.skeleton)
    away = degrees(solved.rotations[:, INDEX["neck"]], motion.rotations[:, INDEX["neck"]])
    assert away.max() < 15.0  # the short way to the head alone leaves 26 degrees
    assert np.sign(solved.rotations[30, INDEX["neck"], 2] * solved.rotations[30, INDEX["neck"], 0]) == sign


def test_rest_directions_can_be_those_of_another_body():
    skeleton = canonical()
    curved = skeleton.offsets.copy()
    curved[INDEX["spine1"]], curved[INDEX["spine2"]] = (0.0, 0.12, -0.03), (0.0, 0.13, 0.03)
    motion = walk()
    motion = Motion(skeleton.with_offsets(curved), motion.root, motion.rotations)
    solved = solve(kinematics.joint_positions(motion), 30, rest=motion.skeleton)
    assert degrees(solved.rotations, motion.rotations).max() < 0.1
    with pytest.raises(ValueError, match="smplx52"):
        solve(kinematics.joint_positions(motion), 30, rest=canonical("smplx52"))


def test_one_frame_is_enough():
    motion = walk()
    solved = solve(kinematics.joint_positions(motion)[40:41], 30)
    assert degrees(solved.rotations, motion.rotations[40:41]).max() < 1.0


def test_input_is_left_alone_and_the_answer_repeats():
    positions = kinematics.joint_positions(walk()).copy()
    before = positions.copy()
    first, second = solve(positions, 30), solve(positions, 30)
    assert np.array_equal(positions, before)
    assert np.array_equal(first.rotations, second.rotations)


def test_broken_input_is_named():
    positions = kinematics.joint_positions(walk()).copy()
    for wrong in (positions[:, :21], positions[..., :2], positions[:0], positions[0]):
        with pytest.raises(ValueError, match="must be"):
            solve(wrong, 30)
    with pytest.raises(ValueError, match="unknown skeleton kind"):
        solve(positions, 30, "kit21")
    with pytest.raises(ValueError, match="smplx52"):
        solve(positions, 30, "smplx52")
    with pytest.raises(ValueError, match="frame rate"):
        solve(positions, 0)
    broken = positions.copy()
    broken[17, INDEX["right_knee"], 1] = np.nan
    with pytest.raises(ValueError, match="right_knee in frame 17"):
        solve(broken, 30)
    broken = positions.copy()
    broken[:, INDEX["left_elbow"]] = broken[:, INDEX["left_shoulder"]]
    with pytest.raises(ValueError, match="left_elbow has no length"):
        measure(broken)


def test_joints_that_coincide_in_one_frame_still_give_rotations():
    positions = kinematics.joint_positions(walk()).copy()
    positions[30, INDEX["left_wrist"]] = positions[30, INDEX["left_elbow"]]
    positions[50, [INDEX["left_hip"], INDEX["right_hip"]]] = positions[50, INDEX["pelvis"]]
    solved = solve(positions, 30)
    assert np.allclose(np.linalg.norm(solved.rotations, axis=-1), 1.0)


def test_smoothing_solves_its_equations():
    random = np.random.default_rng(2)
    for frames in (1, 2, 3, 7, 64, 101):
        value, weight = random.normal(size=(frames, 2)), random.uniform(0.001, 1.0, (frames, 2))
        path = smooth(value, weight, 0.7)
        step = np.diff(path, axis=0, prepend=path[:1], append=path[-1:])
        assert np.allclose(weight * (path - value) + 0.7 * (step[:-1] - step[1:]), 0.0, atol=1e-9)


def test_transport_follows_the_bone():
    bone = rot.normalize(np.cumsum(np.random.default_rng(3).normal(size=(50, 2, 3)), axis=0))
    assert np.allclose(rot.rotate(transported(bone), bone[0]), bone, atol=1e-9)


def test_carried_axis_is_normal_to_its_bone():
    random = np.random.default_rng(4)
    bone, axis, usual = (rot.normalize(random.normal(size=(40, 2, 3))) for _ in range(3))
    found = carried(bone, axis, random.random((40, 2)), usual, 0.01, 0.1)
    assert np.allclose(np.sum(found * bone, axis=-1), 0.0, atol=1e-9)
    assert np.allclose(np.linalg.norm(found, axis=-1), 1.0)
