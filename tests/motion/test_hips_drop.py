"""How far hips sink for feet that stand: as much as these need, smoothly, and no more than a limit."""

import numpy as np
import pytest

from backend.motion.hips_drop import hips_drop, standing
from backend.motion.skeleton import canonical

BASE = canonical()
REST = {name: BASE.rest_positions[j] + [0.0, BASE.hip_height, 0.0] for j, name in enumerate(BASE.names)}


def legs(frames, too_far, aside=0.0):
    """Hips, goals and reach of two legs of 0.8 m whose goals are ``too_far`` (T,) metres below."""
    hips = np.tile([[0.1, 0.9, 0.0], [-0.1, 0.9, 0.0]], (frames, 1, 1))
    below = np.sqrt(0.8**2 - aside**2) + np.asarray(too_far)
    goals = hips + np.stack([aside + 0 * below, -below, 0 * below], axis=-1)[:, None]
    return hips, goals, np.full((frames, 2), 0.8)


@pytest.mark.parametrize("aside", [0.0, 0.3])
def test_both_feet_down_for_long(aside):
    hips, goals, reach = legs(60, np.full(60, 0.02), aside)
    assert np.allclose(hips_drop(hips, goals, reach, np.ones((60, 2)), 30.0), 0.02)


@pytest.mark.parametrize("fps", [24.0, 30.0, 120.0])
def test_one_step_is_never_too_short_and_eased(fps):
    frames = round(4 * fps)
    hips, goals, reach = legs(frames, np.full(frames, 0.02))
    stands = np.zeros((frames, 2))
    stands[round(1.9 * fps) : round(2.1 * fps), 1] = 1.0
    drop = hips_drop(hips, goals, reach, stands, fps)
    assert np.allclose(drop[stands[:, 1] > 0], 0.02) and drop.max() < 0.02 + 1e-12
    assert drop[0] == drop[-1] == 0.0
    assert np.abs(np.diff(drop)).max() * fps < 0.07, "more than 7 cm a second for 2 cm"


def test_feet_in_the_air_or_in_reach_ask_for_nothing():
    hips, goals, reach = legs(40, np.full(40, 0.05))
    assert not hips_drop(hips, goals, reach, np.zeros((40, 2)), 30.0).any()
    hips, goals, reach = legs(40, np.full(40, -0.01))
    assert not hips_drop(hips, goals, reach, np.ones((40, 2)), 30.0).any()


def test_there_is_a_limit_also_for_what_no_drop_reaches():
    hips, goals, reach = legs(40, np.full(40, 0.5))
    assert np.allclose(hips_drop(hips, goals, reach, np.ones((40, 2)), 30.0), 0.08 * 0.8)
    far = goals + np.array([3.0, 0.0, 0.0])
    assert np.allclose(hips_drop(hips, far, reach, np.ones((40, 2)), 30.0), 0.08 * 0.8)


def test_a_single_frame():
    hips, goals, reach = legs(1, np.array([0.02]))
    assert np.allclose(hips_drop(hips, goals, reach, np.ones((1, 2)), 30.0), 0.02)


def feet(lifted, speed, fps=30.0):
    """Ankles and toes (T, 2, 3): the left foot ``lifted`` (T,) metres and moving ahead at ``speed`` (T,)."""
    ahead = np.cumsum(speed) / fps
    away = np.stack([0 * ahead, lifted, ahead], axis=-1)
    still = np.zeros_like(away)
    parts = [np.stack([REST["left_" + p] + away, REST["right_" + p] + still], axis=1) for p in ("ankle", "foot")]
    return *parts, BASE, fps


@pytest.mark.parametrize("floor", [0.0, 1.3])
def test_low_and_slow_feet_stand(floor):
    ankles, toes, skeleton, fps = feet(np.full(20, 0.05), np.full(20, 0.3))
    raised = np.array([0.0, floor, 0.0])
    assert (standing(ankles + raised, toes + raised, skeleton, fps) == 1.0).all()


@pytest.mark.parametrize("lifted, speed", [(0.15, 0.0), (0.0, 0.9)])
def test_high_or_fast_feet_do_not(lifted, speed):
    stands = standing(*feet(np.full(20, lifted), np.full(20, speed)))
    assert not stands[:, 0].any() and (stands[:, 1] == 1.0).all()


def test_between_standing_and_not_nothing_snaps():
    stands = standing(*feet(np.linspace(0.0, 0.2, 200), np.full(200, 0.1)))[:, 0]
    assert stands[0] == 1.0 and stands[-1] == 0.0 and np.abs(np.diff(stands)).max() < 0.03
