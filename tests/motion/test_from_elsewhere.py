"""Motions of other skeletons onto a character, as the command line and the add-on put them there."""

import numpy as np
import pytest

from backend.motion import kinematics, retarget
from backend.motion import rotations as rot
from backend.motion.bone_map import BoneMap
from backend.motion.from_elsewhere import onto_character
from backend.motion.motion import Motion
from backend.motion.skeleton import Skeleton, canonical

BASE = canonical()
MAP = BoneMap("same", {name: (name,) for name in BASE.names})
POINTS = retarget.slot_points(BASE)


def with_split_forearm(motion: Motion) -> Motion:
    """The left forearm has a second bone, which lies in the wrist and bends like it; hands as before."""
    skeleton, wrist = motion.skeleton, motion.skeleton.index("left_wrist")
    offsets = np.vstack([skeleton.offsets, skeleton.offsets[wrist]])
    offsets[wrist] = 0.0
    order = [*range(wrist), len(skeleton), *range(wrist, len(skeleton))]  # parents first
    names = [(*skeleton.names, "left_bend")[j] for j in order]
    above = dict(zip(skeleton.names, (skeleton.names[p] for p in skeleton.parents)))
    above |= {"pelvis": None, "left_bend": "left_elbow", "left_wrist": "left_bend"}
    bend = rot.exp(np.stack([np.sin(np.arange(len(motion)) / 7.0)] * 3, axis=-1) * [0.2, 0.3, 0.9])
    rotations = np.concatenate([motion.rotations, bend[:, None]], axis=1)
    rotations[:, wrist] = rot.multiply(rot.inverse(bend), motion.rotations[:, wrist])
    parents = tuple(names.index(above[n]) if above[n] else -1 for n in names)
    return Motion(Skeleton("other", tuple(names), parents, offsets[order]), motion.root, rotations[:, order], 30)


def forearm(motion: Motion) -> np.ndarray:
    at, index = kinematics.joint_positions(motion), motion.skeleton.index
    return rot.normalize(at[:, index("left_wrist")] - at[:, index("left_elbow")])


def test_a_forearm_points_where_its_first_bone_does(random_motion):
    true = random_motion()
    split = with_split_forearm(true)
    bone_map = BoneMap("split", MAP.slots | {"left_elbow": ("left_elbow", "left_bend")})
    assert np.abs(forearm(split) - forearm(true)).max() < 1e-9
    assert np.abs(forearm(onto_character(split, bone_map, POINTS)) - forearm(true)).max() < 1e-6
    # what models learnt has the bare retargeter's forearm, which follows the last bone
    assert np.abs(forearm(retarget.retarget(split, bone_map)) - forearm(true)).max() > 0.3


def standing(height: float) -> Motion:
    root = np.tile([0.0, height, 0.0], (20, 1))
    return Motion(BASE, root, np.tile(rot.IDENTITY, (20, len(BASE), 1)), 30)


@pytest.mark.parametrize("off", [-BASE.hip_height, 3.0])
def test_heights_from_elsewhere_are_set_on_the_floor(off):
    """Counted from the hips, or from a floor of the file's own."""
    done = onto_character(standing(BASE.hip_height + off), None, POINTS)
    assert done.root[:, 1] == pytest.approx(BASE.hip_height, abs=0.01)
    assert done.contacts.all()


@pytest.mark.parametrize("off", [-0.08, 0.15])
def test_who_stands_a_little_lower_or_higher_stays_there(off):
    done = onto_character(standing(BASE.hip_height + off), None, POINTS)
    assert done.root[:, 1] == pytest.approx(BASE.hip_height + off, abs=1e-6)


@pytest.mark.parametrize(
    "source, target, expected",
    [("smplx52", "smplx52", "smplx52"), ("smplx52", "smpl22", "smpl22"), ("smpl22", "smplx52", "smpl22")],
)
def test_fingers_when_both_have_them(random_motion, source, target, expected):
    motion = random_motion(canonical(source))
    assert onto_character(motion, None, retarget.slot_points(canonical(target))).skeleton.kind == expected
