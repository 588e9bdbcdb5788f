"""Shapes of hands: what curls where, seen from where the joints and tips are."""

import numpy as np
import pytest

from backend.motion import kinematics
from backend.motion import rotations as rot
from backend.motion.finger_shapes import SHAPES, with_fingers
from backend.motion.hands import without_hands
from backend.motion.mirror import mirror
from backend.motion.motion import Motion
from backend.motion.skeleton import FINGERS, canonical

BASE, HANDS = canonical(), canonical("smplx52")
LONG = [finger for finger in FINGERS if finger != "thumb"]


def shaped(shape, frames=1):
    still = Motion(BASE, np.zeros((frames, 3)), np.tile(rot.IDENTITY, (frames, 22, 1)))
    return with_fingers(still, HANDS, shape)


def chain(motion, finger, side="left"):
    """(5, 3) of wrist, knuckles and tip, from the wrist."""
    positions, world = kinematics.pose(motion)
    joints = [HANDS.index(f"{side}_wrist")] + [HANDS.index(f"{side}_{finger}{k}") for k in (1, 2, 3)]
    tip = positions[0, joints[-1]] + rot.rotate(world[0, joints[-1]], HANDS.offsets[joints[-1]])
    return np.vstack([positions[0, joints], tip]) - positions[0, joints[0]]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_body_and_the_rest_of_the_motion_stay(shape, random_motion):
    motion = random_motion()
    there = with_fingers(motion, HANDS, shape)
    assert there.skeleton is HANDS and there.fps == motion.fps and np.array_equal(there.contacts, motion.contacts)
    back = without_hands(there)
    assert np.array_equal(back.rotations, motion.rotations) and np.array_equal(back.root, motion.root)
    assert np.array_equal(there.rotations[:, 22:], np.repeat(there.rotations[:1, 22:], len(motion), axis=0))


@pytest.mark.parametrize("shape", SHAPES)
def test_both_hands_mirror_each_other(shape):
    motion = shaped(shape)
    assert np.allclose(mirror(motion).rotations, motion.rotations)


def test_straight_fingers_are_those_of_the_rest_pose():
    assert np.array_equal(shaped("straight").rotations, np.tile(rot.IDENTITY, (1, 52, 1)))


@pytest.mark.parametrize("finger", LONG)
def test_relaxed_fingers_curl_towards_the_palm_a_little(finger):
    base, *_, tip = chain(shaped("relaxed"), finger)[1:]
    assert tip[1] < base[1] - 0.01 and tip[0] > base[0], "down, and still forwards"
    assert abs(tip[2] - base[2]) < 1e-9, "not aside"


def test_relaxed_fingers_curl_more_towards_the_little_finger():
    down = []
    for finger in ("index", "middle", "ring", "pinky"):
        base, *_, tip = chain(shaped("relaxed"), finger)[1:]
        way = tip - base
        down.append(np.arctan2(-way[1], way[0]))
    assert (np.diff(down) > 0).all()


@pytest.mark.parametrize("finger", LONG)
def test_a_fist_brings_the_tips_back_under_the_palm(finger):
    base, middle, _, tip = chain(shaped("fist"), finger)[1:]
    assert tip[0] < base[0] and -0.03 < tip[1] < -0.005, "behind the knuckle, under the palm and not through it"
    assert middle[1] < base[1] - 0.015


def test_in_a_fist_the_thumb_lies_across_the_fingers():
    thumb = chain(shaped("fist"), "thumb")
    index, middle = chain(shaped("fist"), "index"), chain(shaped("fist"), "middle")
    tip = thumb[-1]
    assert middle[1, 2] - 0.015 < tip[2] < index[1, 2], "it reaches over the index to the middle finger"
    lowest = min(index[:, 1].min(), middle[:, 1].min())
    assert lowest - 0.025 < tip[1] < lowest - 0.005, "on them, neither in them nor far off"
    assert index[4, 0] < tip[0] < index[2, 0] + 0.01


def test_a_relaxed_thumb_stays_beside_the_palm():
    thumb, index = chain(shaped("relaxed"), "thumb"), chain(shaped("relaxed"), "index")
    assert thumb[-1, 2] > index[1, 2] + 0.01 and thumb[-1, 1] < -0.01


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="'claw', accepted are relaxed, fist, straight"):
        shaped("claw")
