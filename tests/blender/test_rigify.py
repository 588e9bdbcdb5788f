"""Motions on generated Rigify rigs, in FK and IK, with parent and follow switches as the animator has them."""

from __future__ import annotations

import json

import bpy
import numpy as np
import pytest

from tests.blender import character, generated
from tests.blender.driving import at, distances, drive
from tests.blender.measure import module, posed

ENDS = ("left_wrist", "right_wrist", "left_ankle", "right_ankle")
LIMBS = ("upper_arm_parent.L", "upper_arm_parent.R", "thigh_parent.L", "thigh_parent.R")


@pytest.fixture(scope="module")
def basic_file(addon, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("rigify") / "basic.blend")
    generated.generate(path, "basic_human")
    return path


@pytest.fixture
def basic(scene, basic_file):
    """The basic human, its limbs in FK."""
    rig = generated.open_rig(basic_file)
    generated.switch(rig, IK_FK=1.0)
    return rig


def put(rig, straight: bool = False, **options):
    """A bending motion on the rig, all of it in closed form."""
    bone_map = generated.map_of(rig)
    pose = module("rig.reading.read").read_rig(bpy.context, rig, bone_map)
    motion = generated.bending(pose.skeleton, straight=straight)
    assert module("rig.solving.solve").solve(pose, motion, module("rig.options").WriteOptions(**options)).unsolved == {}
    return drive(rig, motion=motion, bone_map=bone_map, **options)


def keyed(rig) -> set[str]:
    """Data paths of the action, without the bone names' wrapping."""
    return {c.data_path.removeprefix("pose.bones") for c in module("rig.writing.actions").curves_of(rig)}


@pytest.mark.parametrize("follow", [0.0, 1.0])
def test_fk_whatever_follows(basic, follow):
    generated.switch(basic, FK_limb_follow=follow, neck_follow=follow, head_follow=follow, torso_parent=follow)
    driven = put(basic)
    assert driven.applied.warnings == ()
    assert max(generated.misled(driven).values()) < 0.1
    assert max(distances(driven).values()) < 1e-3
    for bone in (basic.pose.bones[b] for b in LIMBS):
        assert bone["FK_limb_follow"] == follow
    assert not any("follow" in path or '_parent"' in path for path in keyed(basic))


def test_fk_on_a_rig_that_stands_elsewhere(basic):
    basic.location, basic.rotation_euler, basic.scale = (2.0, 1.0, 0.3), (0.2, 0.1, 1.0), (1.4, 1.4, 1.4)
    root = basic.pose.bones["root"]
    root.location, root.rotation_quaternion = (0.2, 0.4, 0.0), (0.9, 0.0, 0.3, 0.2)
    driven = put(basic)
    assert max(generated.misled(driven).values()) < 0.1
    assert max(distances(driven).values()) < 1e-3


@pytest.mark.parametrize(
    "parents",
    [
        {},
        {"IK_parent": 0, "pole_parent": 0},
        {"IK_parent": 2, "pole_parent": 1},
        {"IK_parent": 5, "pole_parent": 6, "IK_Stretch": 0.0},
    ],
)
def test_ik_whatever_its_parent(basic, parents):
    generated.switch(basic, IK_FK=0.0, **parents)
    driven = put(basic)
    assert driven.applied.warnings == ()
    apart = distances(driven)
    assert max(apart[slot] for slot in ENDS) < 5e-3
    assert max(generated.misled(driven).values()) < 1.0
    for name, value in parents.items():
        if name != "IK_Stretch":
            assert all(basic.pose.bones[b][name] == value for b in LIMBS)


def test_poles_do_not_flip(basic):
    """Through the straight pose and to its wrong side the pole moves with the limb."""
    generated.switch(basic, IK_FK=0.0)
    driven = put(basic, straight=True)
    way = np.array([[at(driven, "upper_arm_ik_target.L", t), posed(basic, "thigh_ik_target.R")] for t in range(20, 50)])
    assert np.linalg.norm(np.diff(way, axis=0), axis=-1).max() < 0.15
    assert max(distances(driven)[slot] for slot in ENDS) < 5e-3


def test_the_limbs_keep_the_mode_that_they_are_in(basic):
    generated.switch(basic, IK_FK=0.0)
    basic.pose.bones["thigh_parent.L"]["IK_FK"] = 1.0
    put(basic)
    paths = keyed(basic)
    assert '["thigh_fk.L"].rotation_quaternion' in paths and '["foot_ik.L"].location' not in paths
    assert '["foot_ik.R"].location' in paths and '["thigh_fk.R"].rotation_quaternion' not in paths


def test_another_mode_switches_the_limb(basic):
    driven = put(basic, arms="ik", legs="fk")
    arm, leg = basic.pose.bones["upper_arm_parent.L"], basic.pose.bones["thigh_parent.L"]
    assert (arm["IK_FK"], arm["IK_Stretch"], arm["pole_vector"]) == (0.0, 0.0, True)
    assert (leg["IK_FK"], leg["IK_Stretch"]) == (1.0, 1.0)
    assert basic.pose.bones["upper_arm_ik.L"].ik_stretch == 0.0
    assert max(distances(driven)[slot] for slot in ENDS) < 5e-3


def test_discard_brings_the_switches_back(basic):
    driven = put(basic, arms="ik")
    module("rig.writing.discard").discard(bpy.context, basic, driven.applied.before)
    arm = basic.pose.bones["upper_arm_parent.L"]
    assert (arm["IK_FK"], arm["IK_Stretch"], arm["pole_vector"]) == (1.0, 1.0, False)
    assert basic.pose.bones["upper_arm_ik.L"].ik_stretch == pytest.approx(0.1)
    assert basic.animation_data is None or basic.animation_data.action is None


def test_what_the_animator_posed_beside_the_motion_stays(basic):
    """Tweaks, chest, hips and heel are not keyed; the pelvis comes to where the motion has it all the same."""
    beside = ("tweak_spine.001", "hips", "chest", "foot_heel_ik.L", "upper_arm_tweak.L.001")
    for name in beside:
        basic.pose.bones[name].location = (0.01, 0.02, 0.01)
    driven = put(basic)
    assert not any(f'["{name}"]' in path for name in beside for path in keyed(basic))
    assert distances(driven)["pelvis"] < 1e-3
    assert tuple(basic.pose.bones["hips"].location) == pytest.approx((0.01, 0.02, 0.01))


def test_the_root_bone_carries_the_way(basic):
    driven = put(basic, root="root")
    assert max(distances(driven).values()) < 1e-3
    assert '["root"].location' in keyed(basic)


def test_a_library_override_takes_keys(scene, basic_file, tmp_path):
    with bpy.data.libraries.load(basic_file, link=True) as (_, there):
        there.collections = ["Character"]
    bpy.context.scene.collection.children.link(there.collections[0])
    copy = there.collections[0].override_hierarchy_create(scene, bpy.context.view_layer, do_fully_editable=True)
    rig = next(o for o in copy.all_objects if o.type == "ARMATURE")
    scene.collection.children.unlink(there.collections[0])
    bpy.context.view_layer.update()
    driven = put(rig, arms="ik", legs="fk")
    before = json.dumps([list(at(driven, f"DEF-{bone}", 38)) for bone in ("hand.L", "foot.R", "spine.006")])
    path = str(tmp_path / "shot.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    driven.rig = next(o for o in bpy.data.objects if o.type == "ARMATURE" and o.override_library is not None)
    after = [list(at(driven, f"DEF-{bone}", 38)) for bone in ("hand.L", "foot.R", "spine.006")]
    assert after == [pytest.approx(place, abs=1e-5) for place in json.loads(before)]
    assert driven.rig.pose.bones["upper_arm_parent.L"]["pole_vector"]


def test_a_human_with_fingers(scene, tmp_path):
    path = str(tmp_path / "human.blend")
    generated.generate(path, "human")
    rig = generated.open_rig(path)
    generated.switch(rig, IK_FK=1.0)
    driven = put(rig)
    fingers = [
        (f"left_{name}{k}", f"left_{name}{k + 1}", f"{bone}.0{k}.L", f"{bone}.0{k + 1}.L")
        for name, bone in (("index", "f_index"), ("middle", "f_middle"), ("thumb", "thumb"))
        for k in (1, 2)
    ]
    assert driven.pose.kind == "smplx52" and driven.applied.warnings == ()
    assert max(generated.misled(driven, (*generated.SEGMENTS, *fingers)).values()) < 0.1


def test_reading_does_not_depend_on_the_pose(basic):
    """The floor and the sizes are the rig's, not those of the pose that it holds."""
    bone_map = generated.map_of(basic)
    character.select(basic)
    before = module("rig.reading.read").read_rig(bpy.context, basic, bone_map)
    basic.pose.bones["torso"].location = (0.1, -0.2, -0.3)
    basic.pose.bones["thigh_fk.L"].rotation_quaternion = (0.8, 0.6, 0.0, 0.0)
    after = module("rig.reading.read").read_rig(bpy.context, basic, bone_map)
    assert after.floor == pytest.approx(before.floor, abs=1e-6)
    assert after.skeleton.hip_height == pytest.approx(before.skeleton.hip_height)
    assert after.origin != pytest.approx(before.origin, abs=0.05)
