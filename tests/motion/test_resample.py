"""Frame rates as ratios: no drift, ends kept, rotations the short way."""

from fractions import Fraction

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.motion import Motion, as_rate
from backend.motion.resample import resample, sample
from backend.motion.skeleton import canonical

RATES = [23.976, 24, 25, 29.97, 30, 50, 59.94, 60]


def spinning(frames, fps, turns_per_second=0.5, speed=1.5):
    seconds = np.arange(frames) / float(as_rate(fps))
    rotations = np.tile(rot.IDENTITY, (frames, 22, 1))
    rotations[:, 0] = rot.about_y(2 * np.pi * turns_per_second * seconds)
    root = np.stack([np.zeros(frames), np.ones(frames), speed * seconds], axis=-1)
    return Motion(canonical(), root, rotations, fps, np.arange(frames)[:, None] % 2 == np.zeros(4))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("source", [20, 30, 120])
def test_no_drift_over_ten_minutes(rate, source):
    frames = 600 * source + 1
    motion = resample(spinning(frames, source), rate)
    assert motion.fps == as_rate(rate)
    seconds = np.array([float(Fraction(k) / motion.fps) for k in range(len(motion))])
    # constant speed is interpolated exactly, so any error is an error in time
    assert np.abs(motion.root[:, 2] - 1.5 * seconds).max() < 1e-8
    assert seconds[-1] <= 600.0 < seconds[-1] + float(1 / motion.fps)
    expected = rot.about_y(np.pi * seconds)
    assert rot.angle_between(motion.rotations[:, 0], expected).max() < 1e-6


@pytest.mark.parametrize("rate", RATES)
def test_first_and_last_pose(rate, random_motion):
    motion = random_motion(frames=61, fps=30)
    frames = round(2.0 * float(as_rate(rate)))
    there = resample(motion, rate, frames)
    assert len(there) == frames
    assert np.allclose(there.root[0], motion.root[0])
    assert rot.angle_between(there.rotations[0], motion.rotations[0]).max() < 1e-7


def test_past_the_end_holds_the_last_pose(random_motion):
    motion = random_motion(frames=10, fps=30)
    longer = resample(motion, 30, 15)
    assert np.allclose(longer.root[9:], motion.root[-1])
    assert rot.angle_between(longer.rotations[9:], motion.rotations[-1:]).max() < 1e-7


def test_same_rate_gives_the_same_motion(random_motion):
    motion = random_motion()
    assert resample(motion, 30) is motion
    assert resample(motion, 30, len(motion)) is motion


def test_up_and_down_again_is_exact(random_motion):
    motion = random_motion(frames=50, fps=30)
    back = resample(resample(motion, 120), 30)
    assert len(back) == 50
    assert np.allclose(back.root, motion.root)
    assert rot.angle_between(back.rotations, motion.rotations).max() < 1e-6
    assert np.array_equal(back.contacts, motion.contacts)


def test_halfway_is_slerp_whatever_the_sign(random_motion):
    motion = random_motion(frames=2)
    flipped = Motion(motion.skeleton, motion.root, motion.rotations * np.array([1.0, -1.0])[:, None, None], 30)
    between = sample(flipped, [0.5])
    half = rot.angle_between(motion.rotations[0], motion.rotations[1]) / 2
    assert np.allclose(rot.angle_between(between.rotations[0], motion.rotations[0]), half, atol=1e-6)
    assert np.allclose(between.root[0], motion.root.mean(axis=0))


def test_one_frame(random_motion):
    motion = random_motion(frames=1)
    assert len(resample(motion, 24)) == 1
    assert len(resample(motion, 24, 5)) == 5


def test_refuses(random_motion):
    with pytest.raises(ValueError, match="at least one frame"):
        resample(random_motion(), 24, 0)
    with pytest.raises(ValueError, match="frame rate"):
        resample(random_motion(), 0)
