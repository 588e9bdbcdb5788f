"""Rotation values against Blender's own mathutils, in every rotation mode."""

from __future__ import annotations

import numpy as np
import pytest
from mathutils import Euler, Quaternion, Vector

from tests.blender.measure import module

MODES = ["XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX", "AXIS_ANGLE", "QUATERNION"]


def tumbling(frames: int = 200) -> np.ndarray:
    """(T, 4) a rotation that turns several times over all axes."""
    s = np.linspace(0, 6, frames)
    rotations = module("backend.motion.rotations")
    a = rotations.from_axis_angle(np.array([1.0, 0, 0]), 2.3 * s)
    b = rotations.from_axis_angle(np.array([0, 0.6, 0.8]), 1.7 * s)
    return rotations.multiply(a, b)


@pytest.mark.parametrize("mode", MODES)
def test_blender_reads_the_values_as_the_same_rotation(addon, mode):
    q = tumbling()
    values = module("rig.writing.channels").rotation_values(q, mode)
    for want, got in zip(q, values):
        if mode == "QUATERNION":
            found = Quaternion(got)
        elif mode == "AXIS_ANGLE":
            found = Quaternion(Vector(got[1:]), got[0])
        else:
            found = Euler(got, mode).to_quaternion()
        assert abs(abs(found.dot(Quaternion(want))) - 1) < 1e-6
    back = module("rig.writing.channels").rotation_from_values(values, mode)
    assert np.abs(np.abs((back * q).sum(-1)) - 1).max() < 1e-9


@pytest.mark.parametrize("mode", MODES)
def test_between_frames_the_values_stay_near_the_rotation(addon, mode):
    """What Blender shows on subframes: a missed unwrap would turn the bone the long way round."""
    q, rotations = tumbling(2000), module("backend.motion.rotations")
    values = module("rig.writing.channels").rotation_values(q, mode)
    between = module("rig.writing.channels").rotation_from_values((values[1:] + values[:-1]) / 2, mode)
    apart = rotations.angle_between(between, rotations.slerp(q[1:], q[:-1], 0.5))
    assert np.rad2deg(apart.max()) < 1.5


def test_no_turn_at_all(addon):
    values = module("rig.writing.channels").rotation_values(np.tile([1.0, 0, 0, 0], (5, 1)), "AXIS_ANGLE")
    assert np.array_equal(values, np.tile([0.0, 0, 1, 0], (5, 1)))


def test_locked_angles_stay_and_the_others_follow(addon):
    q, channels = tumbling(), module("rig.writing.channels")
    now = channels.rotation_from_values(np.array([0.3, -0.2, 0.9]), "XYZ")
    held = channels.with_locked_angles(q, now, [1])
    values, free = channels.rotation_values(held, "XYZ"), channels.rotation_values(q, "XYZ")
    for got, wanted in zip(values, free):
        expected = Euler((wanted[0], -0.2, wanted[2]), "XYZ").to_quaternion()
        assert abs(abs(Euler(got, "XYZ").to_quaternion().dot(expected)) - 1) < 1e-6
