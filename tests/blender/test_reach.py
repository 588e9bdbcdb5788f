"""Hands on a rig whose spine has more bones than the Motion: they come to where the motion has them, if asked for."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest

from tests.blender import character
from tests.blender.body_plan import PLAIN, Build, bone_map
from tests.blender.driving import angles, at, distances, drive, swinging
from tests.blender.measure import module

DIVIDED = {
    "long spine": Build(spine_bones=6, rolls=3),
    "split arms": Build(spine_bones=5, split=True, arms_down=0.7),
    "twist bones": Build(spine_bones=4, twist_bones=2, along_x=True),
}
WRISTS = ("left_wrist", "right_wrist")


def bowing(rig, build):
    """A motion that bends far in its back, as floor work does, with bent elbows: what is in reach is reached."""
    skeleton = module("rig.reading.read").read_rig(bpy.context, rig, bone_map(build)).skeleton
    motion = swinging(skeleton, size=0.7)
    rotations, bend = motion.rotations.copy(), 1.0 + 0.3 * np.sin(np.arange(len(motion)) / 8.0)
    for elbow, inward in (("left_elbow", -1.0), ("right_elbow", 1.0)):
        turn = module("backend.motion.rotations").exp(bend[:, None] * [0.0, inward, 0.0])
        rotations[:, skeleton.index(elbow)] = turn
    return replace(motion, rotations=rotations)


@pytest.mark.parametrize("name", DIVIDED)
def test_wrists_come_to_where_the_motion_has_them(scene, name):
    build = DIVIDED[name]
    rig, _ = character.make(build)
    motion = bowing(rig, build)
    without = distances(drive(rig, build, motion))
    driven = drive(rig, build, motion, hands=1.0)
    apart, turned = distances(driven), angles(driven)
    assert min(without[s] for s in WRISTS) > 5e-3
    assert max(apart[s] for s in WRISTS) < 2e-4
    assert max(turned[s] for s in WRISTS) < 0.1
    assert apart["left_shoulder"] == pytest.approx(without["left_shoulder"], abs=1e-6)


def test_by_a_half_they_come_half_the_way(scene):
    build = DIVIDED["long spine"]
    rig, _ = character.make(build)
    motion = bowing(rig, build)
    none, half, whole = (
        at(drive(rig, build, motion, hands=strength), "mixamorig:LeftHand", 17) for strength in (0.0, 0.5, 1.0)
    )
    assert half == pytest.approx((none + whole) / 2, abs=1e-4)


def test_the_elbow_stays_in_its_plane(scene):
    """The plane of the arm turns only as far as the wrist's way does."""
    build = DIVIDED["long spine"]
    rig, _ = character.make(build)
    motion = bowing(rig, build)
    arm = [f"mixamorig:Left{bone}" for bone in ("Arm", "ForeArm", "Hand")]

    def normal(driven, frame: int) -> np.ndarray:
        start, middle, end = (at(driven, bone, frame) for bone in arm)
        across = np.cross(middle - start, end - middle)
        return across / np.linalg.norm(across)

    frames = (0, 17, 38, 59)
    before = [normal(driven, t) for driven in [drive(rig, build, motion)] for t in frames]
    after = [normal(driven, t) for driven in [drive(rig, build, motion, hands=1.0)] for t in frames]
    assert min(np.einsum("ti,ti->t", before, after)) > np.cos(np.deg2rad(15.0))


@pytest.mark.parametrize("build", [PLAIN, Build(split=True, neck_bones=3)])
def test_where_the_shoulders_are_the_motions_nothing_changes(scene, build):
    rig, _ = character.make(build)
    pose = module("rig.reading.read").read_rig(bpy.context, rig, bone_map(build))
    solve, options = module("rig.solving.solve").solve, module("rig.options").WriteOptions
    motion = swinging(pose.skeleton)
    for one, other in zip(solve(pose, motion).bones, solve(pose, motion, options(hands=1.0)).bones):
        assert one.bone == other.bone and np.array_equal(one.rotation, other.rotation)
