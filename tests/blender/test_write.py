"""What is keyed and what is left alone: locks, drivers, constraints, switches, rotation modes; nothing half-written."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.blender import character
from tests.blender.body_plan import Build
from tests.blender.driving import angles, distances, drive, played, with_switch
from tests.blender.measure import module

ARM, HEAD, HIPS = "mixamorig:LeftArm", "mixamorig:Head", "mixamorig:Hips"


def channels(rig, bone: str) -> dict[str, set[int]]:
    """Property -> keyed channels of a bone."""
    found: dict[str, set[int]] = {}
    for curve in module("rig.writing.actions").curves_of(rig):
        if f'"{bone}"' in curve.data_path:
            found.setdefault(curve.data_path.rpartition(".")[2], set()).add(curve.array_index)
    return found


@pytest.mark.parametrize("mode", ["QUATERNION", "AXIS_ANGLE", "YXZ"])
def test_read_back(scene, mode):
    build = Build(rolls=9, arms_down=0.7, mode=mode)
    rig, _ = character.make(build)
    driven = drive(rig, build)
    assert max(angles(driven).values()) < 0.1
    assert max(distances(driven).values()) < 2e-4
    assert {b.rotation_mode for b in rig.pose.bones} == {mode}
    assert not any(p in c.data_path for c in module("rig.writing.actions").curves_of(rig) for p in ("scale",))


def test_only_the_hips_are_moved(scene):
    rig, _ = character.make()
    drive(rig)
    moved = {c.group.name for c in module("rig.writing.actions").curves_of(rig) if c.data_path.endswith("location")}
    assert moved == {HIPS}


REBOUND = {
    "random rolls": Build(rolls=3),
    "bones along x": Build(along_x=True),
    "a-pose": Build(arms_down=0.8),
    "everything at once": Build(rolls=1, arms_down=-0.4, mode="XZY", flags=True),
}


def shown(build: Build, motion) -> tuple[object, np.ndarray, np.ndarray]:
    """The motion that was put on a new character of ``build``; its bones' heads (T, N, 3), its vertices (T, V, 3)."""
    rig, body = character.make(build)
    driven = drive(rig, build, motion)
    bones = [bone.name for bone in rig.data.bones]

    def look() -> np.ndarray:
        graph = bpy.context.evaluated_depsgraph_get()
        skin, posed = body.evaluated_get(graph), rig.evaluated_get(graph)
        heads = [posed.pose.bones[bone].head for bone in bones]
        return np.array(heads + [skin.matrix_world @ v.co for v in skin.data.vertices])

    seen = played(driven, look)
    return driven.motion, seen[:, : len(bones)], seen[:, len(bones) :]


@pytest.mark.parametrize("name", REBOUND)
def test_the_same_mesh_bound_in_another_way(scene, name):
    motion, joints, vertices = shown(Build(), None)
    _, other_joints, other_vertices = shown(REBOUND[name], motion)
    assert np.linalg.norm(other_joints - joints, axis=-1).max() < 1e-3
    assert np.linalg.norm(other_vertices - vertices, axis=-1).max() < 5e-3


def test_locked_location_keeps_its_value(scene):
    rig, _ = character.make()
    hips = rig.pose.bones[HIPS]
    hips.location = (0.1, 0.2, 0.3)
    hips.lock_location = (True, False, True)
    driven = drive(rig)
    assert channels(rig, HIPS)["location"] == {1}
    scene.frame_set(30)
    assert hips.location[0] == pytest.approx(0.1) and hips.location[2] == pytest.approx(0.3)
    assert any(w.startswith("Locked") and HIPS in w and "location XZ" in w for w in driven.applied.warnings)


def test_locked_euler_angles(scene):
    build = Build(mode="XYZ")
    rig, _ = character.make(build)
    arm = rig.pose.bones[ARM]
    arm.rotation_euler = (0.0, 0.4, 0.0)
    arm.lock_rotation = (False, True, False)
    driven = drive(rig, build)
    assert channels(rig, ARM)["rotation_euler"] == {0, 2}
    assert any(ARM in w and "rotation Y" in w for w in driven.applied.warnings)


def test_locked_angles_of_a_quaternion(scene):
    """Without "4D" Blender's locks mean Euler angles, in whatever numbers the rotation is kept."""
    rig, _ = character.make()
    arm = rig.pose.bones[ARM]
    arm.lock_rotation, arm.lock_rotations_4d = (True, False, False), False
    driven = drive(rig)
    for frame in (5, 30, 50):
        scene.frame_set(frame)
        assert arm.rotation_quaternion.to_euler("XYZ").x == pytest.approx(0.0, abs=1e-5)
    assert any(ARM in w and "rotation X" in w for w in driven.applied.warnings)


def test_locked_numbers_of_a_quaternion(scene):
    rig, _ = character.make()
    arm = rig.pose.bones[ARM]
    arm.lock_rotations_4d, arm.lock_rotation_w = True, True
    drive(rig)
    assert channels(rig, ARM)["rotation_quaternion"] == {1, 2, 3}


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ"])
def test_what_hangs_on_a_locked_bone_makes_up_for_it(scene, mode):
    build = Build(mode=mode)
    rig, _ = character.make(build)
    spine = rig.pose.bones["mixamorig:Spine1"]
    spine.lock_rotation = (True, True, True)
    driven = drive(rig, build)
    assert not channels(rig, "mixamorig:Spine1")
    assert any("Spine1" in w and "ocked" in w for w in driven.applied.warnings)
    assert max(a for s, a in angles(driven).items() if s != "spine2") < 0.1


def test_driven_channels_are_left_to_their_drivers(scene):
    rig, _ = character.make(Build(mode="XYZ"))
    driver = rig.pose.bones[ARM].driver_add("rotation_euler", 1).driver
    driver.expression = "0.25"
    driven = drive(rig, Build(mode="XYZ"))
    assert channels(rig, ARM)["rotation_euler"] == {0, 2}
    assert len(rig.animation_data.drivers) == 1
    assert any(w.startswith("Driven") and ARM in w and "rotation Y" in w for w in driven.applied.warnings)
    scene.frame_set(20)
    assert rig.pose.bones[ARM].rotation_euler.y == pytest.approx(0.25)


def test_constraints_are_left_alone(scene):
    rig, _ = character.make()
    made = rig.pose.bones[ARM].constraints.new("LIMIT_ROTATION")
    drive(rig)
    assert list(rig.pose.bones[ARM].constraints) == [made] and not made.mute


def test_switches_are_held_from_the_first_to_the_last_frame(scene):
    rig, _ = character.make()
    rig.pose.bones[HEAD]["IK_FK"] = 0.0
    drive(rig, bone_map=with_switch(HEAD, "IK_FK"), start=11)
    (curve,) = (c for c in module("rig.writing.actions").curves_of(rig) if "IK_FK" in c.data_path)
    points = [(k.co[0], k.co[1], k.interpolation, k.type) for k in curve.keyframe_points]
    assert points == [(11.0, 1.0, "CONSTANT", "GENERATED"), (70.0, 1.0, "CONSTANT", "GENERATED")]
    scene.frame_set(40)
    assert rig.pose.bones[HEAD]["IK_FK"] == 1.0


def test_a_driven_switch_is_left_alone(scene):
    rig, _ = character.make()
    rig.pose.bones[HEAD]["IK_FK"] = 0.0
    rig.driver_add(f'pose.bones["{HEAD}"]["IK_FK"]').driver.expression = "0.5"
    driven = drive(rig, bone_map=with_switch(HEAD, "IK_FK"))
    assert not any("IK_FK" in c.data_path for c in module("rig.writing.actions").curves_of(rig))
    assert any("IK_FK" in w for w in driven.applied.warnings)


def test_bones_with_quotes_and_unicode(scene):
    build = Build(prefix='ä"b\\')
    rig, _ = character.make(build)
    driven = drive(rig, build)
    assert max(angles(driven).values()) < 0.1


@pytest.mark.parametrize("where", ["carried.KeyData.put", "write.note", "discard.Before.of"])
def test_a_failure_half_way_leaves_no_trace(scene, monkeypatch, where):
    build = Build(fingers=True)
    rig, _ = character.make(build)
    finger = rig.pose.bones["mixamorig:LeftHandIndex1"]
    finger.keyframe_insert("rotation_quaternion", frame=1)
    old = rig.animation_data.action

    def raises(*_):
        raise ZeroDivisionError("made up by the test")

    file, *owners, name = where.split(".")
    owner = module(f"rig.writing.{file}")
    for part in owners:
        owner = getattr(owner, part)
    monkeypatch.setattr(owner, name, raises)
    with pytest.raises(ZeroDivisionError):
        drive(rig, build)
    assert list(bpy.data.actions) == [old] and rig.animation_data.action == old
    assert not rig.animation_data.nla_tracks and not old.use_fake_user
