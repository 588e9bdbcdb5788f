"""ADE and FDE, ours and MotionGPT's (T5), by hand; the baselines on motions whose course is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.motion import rotations as rot
from backend.motion.features.codec import codec
from backend.motion.features.normalisation import published
from backend.motion.kinematics import joint_positions
from training.metrics.prediction import (
    ade,
    constant_velocity,
    fde,
    filled,
    held,
    interpolated,
    mgt5_in_between,
    mgt5_padded,
    mgt5_prediction,
    predicted,
)

properties = settings(max_examples=60, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


def angles(a, b):
    return rot.angle_between(a.rotations, b.rotations)


def test_spans():
    assert predicted(40) == slice(8, 40) and predicted(44) == slice(8, 44)
    assert filled(40) == slice(10, 30) and filled(43) == slice(10, 33)
    assert predicted(3) == slice(0, 3)
    with pytest.raises(ValueError, match="1 or more"):
        predicted(10, 1.0)
    with pytest.raises(ValueError, match="1 or more"):
        filled(10, 0.5)


def test_displacement_by_hand():
    truth = np.zeros((10, 22, 3))
    made = truth.copy()
    made[5:, 0] = [0.3, 0.0, 0.4]  # one joint of 22 is half a metre off in the second half
    made[9] = [0.0, 2.0, 0.0]  # and all of them 2 m in the last frame
    assert ade([made], [truth], [slice(5, 9)]) == pytest.approx(0.5 / 22)
    assert ade([made], [truth], [slice(5, 10)]) == pytest.approx((4 * 0.5 / 22 + 2.0) / 5)
    assert fde([made], [truth], [slice(5, 10)]) == 2.0
    assert fde([made], [truth], [slice(5, 9)]) == pytest.approx(0.5 / 22)
    assert ade([made], [truth], [slice(0, 5)]) == 0.0
    # frames in several runs
    mask = np.isin(np.arange(10), [0, 5, 9])
    assert ade([made], [truth], [mask]) == pytest.approx((0.0 + 0.5 / 22 + 2.0) / 3)
    assert fde([made], [truth], [mask]) == 2.0
    # every clip counts alike, however long
    assert ade([made, truth[:4]], [truth, truth[:4] + [1.0, 0.0, 0.0]], [slice(0, 5), slice(0, 1)]) == 0.5


def test_mgt5_by_hand():
    truth = np.zeros((2, 20, 22, 3))
    made = truth.copy()
    made[:, 10:] = [0.0, 0.0, 0.1]  # 10 cm in every joint, in the second half
    lengths = [20, 10]
    apart = 0.1 * np.sqrt(22)
    ade_, fde_ = mgt5_prediction(made, truth, lengths)
    # 16 frames of the first are counted; of the second, whose own 10 frames are right, 18 with the padding
    assert ade_ == pytest.approx(apart * np.mean([10 / 16, 10 / 18])) and fde_ == pytest.approx(apart)
    # frames 5 to 15 of the first, 2 to 8 of the second
    assert mgt5_in_between(made, truth, lengths) == pytest.approx(apart * np.mean([5 / 10, 0.0]))


@properties
@given(seeds)
def test_theirs_is_ours_times_the_root_of_the_joints_or_more(seed):
    rng = np.random.default_rng(seed)
    made, truth = rng.normal(size=(2, 3, 12, 22, 3))
    ours = ade(made, truth, [predicted(12)] * 3), fde(made, truth, [predicted(12)] * 3)
    theirs = mgt5_prediction(made, truth, [12] * 3)
    assert all(t >= o * np.sqrt(22) for t, o in zip(theirs, ours))
    assert mgt5_in_between(made, truth, [12] * 3) >= ade(made, truth, [filled(12)] * 3) * np.sqrt(22)
    # all joints off alike: exactly
    shift = np.broadcast_to([0.3, 0.0, 0.4], truth.shape)
    assert mgt5_prediction(truth + shift, truth, [12] * 3) == pytest.approx([0.5 * np.sqrt(22)] * 2)


@properties
@given(seeds)
def test_neither_the_order_of_clips_nor_the_place_in_the_world_counts(seed):
    rng = np.random.default_rng(seed)
    made, truth = ([rng.normal(size=(n, 22, 3)) for n in (8, 12, 15)] for _ in range(2))
    spans = [predicted(len(t)) for t in truth]
    turn, shift = rot.about_y(rng.uniform(-3, 3)), rng.normal(size=3)
    there = [[rot.rotate(turn, p) + shift for p in each] for each in (made, truth)]
    for metric in (ade, fde):
        expected = pytest.approx(metric(made, truth, spans))
        assert metric(made[::-1], truth[::-1], spans[::-1]) == expected
        assert metric(*there, spans) == expected


def test_padding_walks_on_as_the_mean_does():
    guo, mean = codec("humanml263"), published("humanml3d-b").mean
    rng = np.random.default_rng(0)
    rows = [np.tile(mean, (n, 1)) + 0.01 * rng.normal(size=(n, 263)) for n in (9, 6)]
    padded = mgt5_padded(rows, mean, 12)
    assert padded.shape == (2, 12, 263)
    assert np.array_equal(padded[1, :6], rows[1]) and np.array_equal(padded[1, 6:], np.tile(mean, (6, 1)))
    joints = np.stack([guo.positions(clip) for clip in padded])
    steps = np.linalg.norm(np.diff(joints[1, 7:, 0, [0, 2]], axis=1), axis=0)
    assert steps == pytest.approx(np.linalg.norm(mean[1:3]), rel=1e-5)
    for clips, frames in (([], 12), (rows, 8), ([rows[0][:0]], 12)):
        with pytest.raises(ValueError, match="can be filled up"):
            mgt5_padded(clips, mean, frames)


def test_errors_of_displacement():
    clip = np.zeros((10, 22, 3))
    for made, truth, spans, message in [
        ([], [], [], "one clip or more"),
        ([clip], [clip], [], "got 1, 1 and 0"),
        ([clip[:9]], [clip], [slice(2, 10)], "cut or held"),
        ([clip[0]], [clip[0]], [slice(0, 1)], r"\(T, J, 3\)"),
        ([clip * np.nan], [clip], [slice(2, 10)], "NaN"),
        ([clip], [clip], [slice(10, 12)], r"none of its clip's 10 frames: slice\(10, 12"),
    ]:
        for metric in (ade, fde):
            with pytest.raises(ValueError, match=message):
                metric(made, truth, spans)


def test_errors_of_mgt5():
    batch = np.zeros((2, 10, 22, 3))
    for made, truth, lengths, message in [
        (batch[:0], batch[:0], [], "N >= 1"),
        (batch, batch[:1], [10], r"\(N, T, J, 3\)"),
        (batch[0], batch[0], [10], r"\(N, T, J, 3\)"),
        (batch, batch, [10], "2 clips need as many lengths"),
        (batch, batch, [10, 11], "from 1 to 10"),
        (batch + np.inf, batch, [10, 10], "NaN"),
    ]:
        for metric in (mgt5_prediction, mgt5_in_between):
            with pytest.raises(ValueError, match=message):
                metric(made, truth, lengths)


@pytest.mark.parametrize("kind", ["smpl22", "smplx52"])
def test_constant_velocity_is_right_about_what_goes_on_alike(steady, kind):
    truth = steady(kind=kind)
    made = constant_velocity(truth, 8)
    assert len(made) == len(truth) and made.fps == truth.fps
    assert np.abs(made.root - truth.root).max() < 1e-12
    assert angles(made, truth).max() < 1e-6
    assert ade([joint_positions(made)], [joint_positions(truth)], [predicted(len(truth))]) < 1e-6


def test_holding_the_pose_is_off_by_what_moves_on(steady):
    truth = replace(steady(10), rotations=np.broadcast_to(steady(10).rotations[0], (10, 22, 4)))
    made = held(truth, 4)
    assert np.array_equal(made.root[:4], truth.root[:4])
    step = np.linalg.norm(truth.root[1] - truth.root[0])
    assert ade([joint_positions(made)], [joint_positions(truth)], [slice(4, 10)]) == pytest.approx(3.5 * step)
    assert fde([joint_positions(made)], [joint_positions(truth)], [slice(4, 10)]) == pytest.approx(6 * step)


def test_interpolation_is_right_about_what_goes_on_alike(steady):
    truth = steady()
    made = interpolated(truth, 10, 30)
    assert np.abs(made.root - truth.root).max() < 1e-12
    assert angles(made, truth).max() < 1e-6


@pytest.mark.parametrize(
    ("baseline", "unknown"),
    [
        (lambda motion: constant_velocity(motion, 2), slice(2, 12)),
        (lambda motion: constant_velocity(motion, 11), slice(11, 12)),
        (lambda motion: held(motion, 1), slice(1, 12)),
        (lambda motion: interpolated(motion, 1, 11), slice(1, 11)),
        (lambda motion: interpolated(motion, 4, 5), slice(4, 5)),
    ],
)
def test_baselines_look_at_known_frames_only(steady, baseline, unknown):
    rng = np.random.default_rng(0)
    contacts = rng.random((12, 4)) < 0.5
    motion = replace(steady(12), root=rng.normal(size=(12, 3)), contacts=contacts)
    root, rotations, feet = motion.root.copy(), motion.rotations.copy(), contacts.copy()
    root[unknown] += 5.0
    rotations[unknown] = rot.IDENTITY
    feet[unknown] ^= True
    made, disturbed = baseline(motion), baseline(replace(motion, root=root, rotations=rotations, contacts=feet))
    known = np.delete(np.arange(12), unknown)
    assert len(made) == 12
    for name in ("root", "rotations", "contacts"):
        assert np.array_equal(getattr(made, name), getattr(disturbed, name))
        assert getattr(made, name)[known] == pytest.approx(getattr(motion, name)[known], abs=1e-12)


def test_baselines_go_where_the_motion_stands(steady):
    motion = steady(seed=3)
    for baseline in (lambda m: constant_velocity(m, 9), lambda m: held(m, 9), lambda m: interpolated(m, 5, 30)):
        there = baseline(motion.moved(1.0, (2.0, 0.0, -1.0)))
        expected = joint_positions(baseline(motion).moved(1.0, (2.0, 0.0, -1.0)))
        assert np.abs(joint_positions(there) - expected).max() < 1e-9


def test_interpolation_turns_evenly_and_the_short_way(steady):
    motion = steady(12)
    rotations = motion.rotations.copy()
    rotations[8:] = -rot.multiply(rotations[2], rot.exp([0.0, 0.9, 0.0]))
    made = interpolated(replace(motion, rotations=rotations), 3, 8)
    steps = rot.angle_between(made.rotations[2:8], made.rotations[3:9])
    assert steps == pytest.approx(np.full_like(steps, 0.15))


def test_errors_of_baselines(steady):
    motion = steady(10)
    for start in (-1, 0, 1, 10, 11):
        with pytest.raises(ValueError, match="unknown frames must be"):
            constant_velocity(motion, start)
    for start in (0, 10):
        with pytest.raises(ValueError, match="unknown frames must be"):
            held(motion, start)
    for start, stop in ((0, 5), (5, 10), (5, 5), (7, 5), (-3, 5)):
        with pytest.raises(ValueError, match="unknown frames must be"):
            interpolated(motion, start, stop)
