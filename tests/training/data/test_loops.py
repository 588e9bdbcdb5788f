"""Loops of game clips: unrolled, given their root motion back, and slowed down to what people do."""

import numpy as np
import pytest

from backend.motion.floor import foot_slide
from backend.motion.kinematics import detect_contacts, joint_positions
from backend.motion.motion import Motion
from training.data import loops


@pytest.mark.parametrize("frames, cycles", [(16, 6), (32, 3), (60, 3), (100, 3)])
@pytest.mark.parametrize("travels", [False, True])
def test_three_cycles_and_three_seconds_at_least(make, frames, cycles, travels):
    there = loops.unroll(make.treadmill(frames=frames, speed=0.4), travels)
    assert len(there) == cycles * frames and there.seconds >= 3
    first = there.rotations[:frames]
    for k in range(1, cycles):  # the cycle's last frame, which repeats its first, comes once
        np.testing.assert_array_equal(there.rotations[k * frames : (k + 1) * frames], first)


def test_a_loop_that_stays_keeps_its_place(make):
    there = loops.unroll(make.treadmill(), travels=False)
    assert np.ptp(there.root[:, [0, 2]], axis=0).max() == 0.0


@pytest.mark.parametrize("speed", [0.6, 1.2, 1.6])
def test_a_loop_that_travels_does_not_slide(make, speed):
    cycle = make.treadmill(speed=speed, frames=24)
    in_place, there = (loops.unroll(cycle, travels) for travels in (False, True))
    travelled = there.root[-1] - there.root[0]
    assert travelled[2] / (there.seconds - 1 / 30) == pytest.approx(speed, rel=0.05)
    assert abs(travelled[0]) < 0.01
    assert foot_slide(there) < 3.0  # mm a frame
    assert there.contacts.any(axis=1).mean() > 0.9
    standing = there.contacts  # judged on the same frames, the loop in place slips by all of its speed
    assert foot_slide(Motion(in_place.skeleton, in_place.root, in_place.rotations, 30, standing)) > 800 * speed / 30


def test_the_way_of_a_loop_follows_the_body(make):
    """Turned by 90 degrees the loop travels along +X; played backwards, back."""
    cycle = make.treadmill()
    aside = loops.unroll(cycle.moved(np.pi / 2), True)
    back = loops.unroll(cycle[::-1], True)
    assert (aside.root[-1] - aside.root[0])[0] > 3 and abs((aside.root[-1] - aside.root[0])[2]) < 0.05
    assert (back.root[-1] - back.root[0])[2] < -3


def test_the_seam_of_a_travelling_loop_is_smooth(make):
    there = loops.unroll(make.treadmill(), True)
    positions = joint_positions(there)
    bend = np.abs(np.diff(positions, n=2, axis=0)).max(axis=(1, 2))
    assert bend[30:33].max() <= 1.05 * bend[:29].max()


def test_root_motion_that_a_loop_has_goes_on(make):
    cycle = make.treadmill()
    along = cycle.root + np.arange(33)[:, None] * [0, 0.001, 0.04]  # its drift in height is not carried on
    there = loops.unroll(Motion(cycle.skeleton, along, cycle.rotations, 30), travels=False)
    np.testing.assert_allclose(np.diff(there.root[:, 2]), 0.04, atol=1e-9)
    assert np.ptp(there.root[:, 1]) < 0.04


def test_flight_keeps_the_speed_of_the_ground(make):
    """A run: between two stances the root must not stop."""
    cycle = make.treadmill(speed=2.0, frames=20)
    height = np.clip(np.sin(4 * np.pi * np.arange(21) / 20), 0, 1) * 0.12
    flying = Motion(cycle.skeleton, cycle.root + height[:, None] * [0, 1, 0], cycle.rotations, 30)
    speed = np.diff(loops.unroll(flying, True).root[:, 2]) * 30
    assert speed.min() > 1.5 and speed.max() < 3.0


def test_what_other_proportions_hurry_is_slowed(make):
    fast, slow = make.walk(3.0, speed=3.0), make.walk(3.0, speed=1.0)
    there = loops.unhurried(fast, "walk")
    way = lambda m: np.linalg.norm(np.diff(m.root[:, [0, 2]], axis=0), axis=1).sum()  # noqa: E731
    assert way(there) == pytest.approx(way(fast), rel=0.01)
    assert way(there) / there.seconds == pytest.approx(1.5, rel=0.03)
    assert loops.unhurried(slow, "walk") is slow
    assert loops.unhurried(fast, "run") is fast  # runners may
    assert detect_contacts(there).shape == (len(there), 4)
