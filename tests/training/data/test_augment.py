"""Motions made of recorded ones: warped in time, joined without a jolt, arms of one on the legs of another."""

import numpy as np
import pytest

from backend.motion import rotations as rot
from backend.motion.kinematics import forward, heading, joint_positions
from backend.motion.skeleton import canonical
from training.data import augment

SKELETON = canonical()
GROUND = [0, 2]
LEGS = ("pelvis", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_foot",
        "right_foot")  # fmt: skip


def way(motion):
    return np.linalg.norm(np.diff(motion.root[:, GROUND], axis=0), axis=1).sum()


@pytest.mark.parametrize("factor", [0.88, 1.0, 1.12])
def test_warp_changes_the_speed_and_not_the_way(make, factor):
    motion = make.walk(4.0, turn=1.0)
    there = augment.warp(motion, factor)
    assert len(there) == round(120 / factor) and there.fps == motion.fps
    assert way(there) == pytest.approx(way(motion), rel=1e-3)
    speed = np.linalg.norm(np.diff(there.root[:, GROUND], axis=0), axis=1).mean() * 30
    assert speed == pytest.approx(1.2 * factor, rel=0.02)
    for end in (0, -1):
        np.testing.assert_allclose(there.root[end], motion.root[end], atol=1e-9)
        assert rot.angle_between(there.rotations[end], motion.rotations[end]).max() < 1e-6
    assert len(augment.warp(motion[:2], 5.0)) == 2


def joined(make, blend=0.4):
    """Walking into a left curve, and then walking on that starts elsewhere, facing elsewhere."""
    first = make.walk(3.0, turn=1.2)
    second = make.walk(3.0, speed=0.9, turn=-0.8).moved(2.5, (10.0, 0.0, -7.0))
    return first, second, augment.join(first, second, blend)


@pytest.mark.parametrize("blend", [0.3, 0.5])
def test_join_is_as_long_as_both_less_the_blend(make, blend):
    first, second, there = joined(make, blend)
    assert len(there) == len(first) + len(second) - round(blend * 30)
    at = len(first) - round(blend * 30)
    np.testing.assert_array_equal(there.root[:at], first.root[:at])
    np.testing.assert_array_equal(there.rotations[:at], first.rotations[:at])


def test_join_has_no_jolt(make):
    first, second, there = joined(make)
    step = np.diff(there.root, axis=0) * 30
    own = max(np.linalg.norm(np.diff(m.root, n=2, axis=0), axis=1).max() * 900 for m in (first, second))
    seam = slice(len(first) - 14, len(first) + 3)
    change = np.linalg.norm(np.diff(step, axis=0), axis=1) * 30
    assert change[seam].max() < own + 3.0  # m/s2; a jump of 10 cm would be 90
    turn = np.rad2deg(np.diff(heading(there))) * 30
    assert np.abs(turn).max() < 90  # degrees a second; first and second turn at 23 and 15
    yaw = heading(there)
    assert np.abs(np.diff(yaw)[seam]).max() < np.deg2rad(3)
    moved = np.linalg.norm(np.diff(joint_positions(there), axis=0), axis=-1).max() * 30
    assert moved < 8.0  # m/s of any joint


def test_join_goes_where_the_first_was_heading(make):
    first, _, there = joined(make)
    at = len(first)
    velocity = there.root[at + 5] - there.root[at - 5]
    yaw = heading(there)[at]
    assert np.arctan2(velocity[0], velocity[2]) == pytest.approx(yaw, abs=0.25)


def test_join_keeps_the_shape_of_the_second(make):
    """After the blend the second is there as it was, but for where it stands and faces."""
    first, second, there = joined(make)
    blend = 12
    tail, own = there[len(first) :], second[blend:]
    between = lambda m: np.linalg.norm(m.root[:, None] - m.root[None], axis=-1)  # noqa: E731
    np.testing.assert_allclose(between(tail), between(own), atol=1e-9)
    np.testing.assert_allclose(tail.root[:, 1], own.root[:, 1], atol=1e-9)
    assert rot.angle_between(tail.rotations[:, 1:], own.rotations[:, 1:]).max() < 1e-6
    np.testing.assert_array_equal(tail.contacts, own.contacts)
    turned = rot.multiply(tail.rotations[:, 0], rot.inverse(own.rotations[:, 0]))
    assert rot.angle_between(turned, turned[:1]).max() < 1e-6  # one turn for all
    assert abs(rot.normalize(turned[0])[[1, 3]]).max() < 1e-6  # about the vertical


def test_join_of_short_ones(make):
    short = make.walk(1.0)[:4]
    there = augment.join(short, short, 0.5)
    assert len(there) == 5 and np.isfinite(there.root).all()


def overlaid(make):
    """Bent over and turned away, arm up, on walking legs that lean."""
    t = np.arange(90) / 30
    upper = make.stand(
        3.0,
        {
            "pelvis": rot.multiply(rot.about_y(np.full(90, 2.0)), make.about("x", np.full(90, 0.5))),
            "spine2": make.about("x", np.full(90, 0.2)),
            "right_shoulder": make.about("z", -1.1 + 0.4 * np.sin(6 * t)),
            "left_elbow": make.about("y", -1.0 + 0 * t),
        },
    )
    legs = make.walk(4.0, turn=1.0)
    return legs, upper, augment.overlay(legs, upper)


def test_overlay_has_the_legs_of_one_and_the_arms_of_the_other(make):
    legs, upper, there = overlaid(make)
    assert len(there) == 90
    np.testing.assert_array_equal(there.root, legs.root[:90])
    np.testing.assert_array_equal(there.contacts, legs.contacts[:90])
    for k, name in enumerate(SKELETON.names):
        source = legs if name in LEGS else upper
        if name != "spine1":
            np.testing.assert_allclose(there.rotations[:, k], source.rotations[:90, k], atol=1e-12, err_msg=name)
    feet = [SKELETON.index(n) for n in LEGS]
    np.testing.assert_allclose(joint_positions(there)[:, feet], joint_positions(legs)[:90, feet], atol=1e-12)


def test_overlay_keeps_the_tilt_of_the_chest_and_follows_the_legs(make):
    legs, upper, there = overlaid(make)
    chest = SKELETON.index("spine3")

    def away(posture, of):
        """The chest seen from the heading of ``of``."""
        world = forward(SKELETON, posture.root, posture.rotations)[1][:, chest]
        return rot.multiply(rot.about_y(-heading(of)[: len(posture)]), world)

    seen, own = away(there, legs[:90]), away(upper, upper)
    assert rot.angle_between(seen, own).max() < 1e-6
    assert np.rad2deg(rot.angle(own)).min() > 30  # it was a tilt
