"""Control rigs whose controls hang on what no formula covers, and what may not change while they are evaluated."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
from mathutils import Vector

from tests.blender import body_plan, character, driving
from tests.blender.measure import module

P = body_plan.PLAIN.prefix
ARM, FOREARM, HAND, SPINE, HEAD, HIPS = (
    P + n for n in ("LeftArm", "LeftForeArm", "LeftHand", "Spine2", "Head", "Hips")
)


def make() -> bpy.types.Object:
    """The plain character with FK and IK controls of its left arm.

    The FK arm hangs on a bone that turns a little with the head (Transformation); the IK hand and its pole on one that
    goes half way with the chest (Child Of) and rises, by a driver, as the hips turn. A property "IK" of the IK hand
    drives the influence of all that the arm's own bones follow.
    """
    rig, _ = character.make()
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.data.edit_bones
    bones[FOREARM].head.y += 0.02  # inverse kinematics cannot bend what is straight at rest
    bones[ARM].tail = bones[FOREARM].head
    for name, like, parent in (
        ("mch_arm", ARM, P + "LeftShoulder"),
        ("fk_arm", ARM, "mch_arm"),
        ("fk_forearm", FOREARM, "fk_arm"),
        ("fk_hand", HAND, "fk_forearm"),
        ("mch_ik", HAND, None),
        ("ik_hand", HAND, "mch_ik"),
    ):
        bone = bones.new(name)
        bone.head, bone.tail, bone.roll = bones[like].head, bones[like].tail, bones[like].roll
        bone.parent = bones[parent] if parent else None
    pole = bones.new("ik_pole")
    pole.head = bones[FOREARM].head + Vector((0.0, 0.4, 0.0))
    pole.tail, pole.parent = pole.head + Vector((0.0, 0.1, 0.0)), bones["mch_ik"]
    bpy.ops.object.mode_set(mode="OBJECT")
    posed = rig.pose.bones
    posed["ik_hand"]["IK"] = 0.0
    _turns_with(rig, "mch_arm", HEAD)
    follow = constrain(rig, "mch_ik", "CHILD_OF", SPINE)
    follow.influence = 0.5
    follow.inverse_matrix = rig.data.bones[SPINE].matrix_local.inverted()
    posed["ik_hand"].rotation_mode, posed["fk_arm"].rotation_mode = "ZXY", "AXIS_ANGLE"
    add_driver(
        rig, posed["mch_ik"].driver_add("location", 2), f'pose.bones["{HIPS}"].rotation_quaternion[2]', "0.3 * v"
    )
    for bone, control in ((ARM, "fk_arm"), (FOREARM, "fk_forearm"), (HAND, "fk_hand")):
        _follow_switch(rig, constrain(rig, bone, "COPY_ROTATION", control), "1 - v")
    bend = constrain(rig, FOREARM, "IK", "ik_hand")
    bend.chain_count, bend.pole_target, bend.pole_subtarget = 2, rig, "ik_pole"
    bend.pole_angle = pole_angle(rig, "ik_pole")
    _follow_switch(rig, bend, "v")
    _follow_switch(rig, constrain(rig, HAND, "COPY_ROTATION", "ik_hand"), "v")
    bpy.context.view_layer.update()
    return rig


def constrain(rig, bone: str, kind: str, control: str) -> bpy.types.Constraint:
    constraint = rig.pose.bones[bone].constraints.new(kind)
    constraint.target, constraint.subtarget = rig, control
    return constraint


def _turns_with(rig, bone: str, other: str) -> None:
    c = constrain(rig, bone, "TRANSFORM", other)
    c.map_from = c.map_to = "ROTATION"
    c.owner_space = c.target_space = "LOCAL"
    c.from_min_y_rot, c.from_max_y_rot, c.to_min_y_rot, c.to_max_y_rot = -1.5, 1.5, -0.6, 0.6
    c.map_to_y_from = "Y"


def _follow_switch(rig, constraint, expression: str) -> None:
    add_driver(rig, constraint.driver_add("influence"), 'pose.bones["ik_hand"]["IK"]', expression)


def add_driver(rig, curve, path: str, expression: str) -> None:
    variable = curve.driver.variables.new()
    variable.name = "v"
    variable.targets[0].id, variable.targets[0].data_path = rig, path
    curve.driver.expression = expression


def pole_angle(rig, pole: str) -> float:
    """The angle at which the pole leaves the arm as it is at rest."""
    arm, along = rig.data.bones[ARM], rig.data.bones[FOREARM].tail_local - rig.data.bones[ARM].head_local
    normal = along.cross(rig.data.bones[pole].head_local - arm.head_local)
    towards = normal.cross(arm.tail_local - arm.head_local)
    x_axis = arm.matrix_local.to_3x3().col[0]
    angle = x_axis.angle(towards)
    return -angle if x_axis.cross(towards).angle(arm.tail_local - arm.head_local) < 1 else angle


def controls():
    """The character's map with these controls, as somebody set it by hand."""
    maps = module("backend.motion.bone_map")
    plain = body_plan.bone_map(body_plan.PLAIN)
    switch = maps.Switch("ik_hand", "IK", 0.0, 1.0)
    return maps.BoneMap(
        "by hand",
        plain.slots,
        {
            "left_shoulder": maps.Controls(fk=("fk_arm",)),
            "left_elbow": maps.Controls(fk=("fk_forearm",), pole=("ik_pole",)),
            "left_wrist": maps.Controls(fk=("fk_hand",), ik=("ik_hand",), switches=(switch,)),
        },
    )


def everything() -> dict:
    """What may not change while a rig is evaluated."""
    rig, scene = bpy.data.objects["Rig"], bpy.context.scene
    return {
        "pose": [tuple(v for row in b.matrix_basis for v in row) for b in rig.pose.bones],
        "modes": [b.rotation_mode for b in rig.pose.bones],
        "switch": rig.pose.bones["ik_hand"]["IK"],
        "action": rig.animation_data.action,
        "drivers": len(rig.animation_data.drivers),
        "frame": (scene.frame_current, scene.frame_subframe),
        "selected": [o.name for o in bpy.context.selected_objects],
        "active": bpy.context.active_object,
        "scene": scene.name,
        "data": [k for k in data() if not k.startswith("Posewright ")],
    }


def data() -> list[str]:
    """The names of all that a puppet could leave behind."""
    return sorted(t.name for kind in ("scenes", "objects", "armatures", "actions") for t in getattr(bpy.data, kind))


def unsolved(rig, frames: int = 60, **options):
    """(pose, motion, solution) with the controls that are left to the evaluation."""
    pose = module("rig.reading.read").read_rig(bpy.context, rig, controls())
    motion = driving.swinging(pose.skeleton, frames)
    solution = module("rig.solving.solve").solve(pose, motion, module("rig.options").WriteOptions(**options))
    assert solution.unsolved
    return pose, motion, solution


def bending(rig):
    """A Motion of the whole body in which the left elbow bends as elbows do, so that a pole can show the way."""
    rot = module("backend.motion.rotations")
    motion = driving.swinging(module("rig.reading.read").read_rig(bpy.context, rig, controls()).skeleton)
    bends = 0.8 + 0.5 * np.sin(np.arange(len(motion)) / 8.0)
    rotations = motion.rotations.copy()
    rotations[:, motion.skeleton.index("left_elbow")] = rot.about_y(-bends)
    return replace(motion, rotations=rotations)


def make_whole() -> tuple[bpy.types.Object, object]:
    """A rig of 100 bones and its map: an FK control for every slot, each on a bone that turns a little as the control
    of the hips does; that of the hips on one that leans with a bone "weather", which turns with the frames."""
    rig, _ = character.make()
    maps, plain = module("backend.motion.bone_map"), body_plan.bone_map(body_plan.PLAIN)
    own = {names[0]: slot for slot, names in plain.slots.items()}
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.data.edit_bones
    parents = {name: bones[name].parent and bones[name].parent.name for name in own}
    for name in own:
        for new in ("mch_" + name, "fk_" + name):
            bone = bones.new(new)
            bone.head, bone.tail, bone.roll = bones[name].head, bones[name].tail, bones[name].roll
    for name, parent in parents.items():
        bones["fk_" + name].parent = bones["mch_" + name]
        bones["mch_" + name].parent = bones["fk_" + parent] if parent else None
    for k, name in enumerate(["weather", *(f"idle{k}" for k in range(99 - len(bones)))]):
        bones.new(name).head, bones[name].tail = (k, 1, 0), (k, 1, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    for name in own:
        leans = constrain(rig, "mch_" + name, "TRANSFORM", "fk_" + HIPS if name != HIPS else "weather")
        leans.map_from = leans.map_to = "ROTATION"
        leans.owner_space = leans.target_space = "LOCAL"
        leans.from_min_y_rot, leans.from_max_y_rot, leans.to_min_x_rot, leans.to_max_x_rot = -2.0, 2.0, -0.3, 0.3
        leans.map_to_x_from = "Y"
        constrain(rig, name, "COPY_TRANSFORMS" if name == HIPS else "COPY_ROTATION", "fk_" + name)
    turns = rig.pose.bones["weather"].driver_add("rotation_quaternion", 2)
    turns.driver.expression = "sin(frame / 20)"
    bpy.context.view_layer.update()
    controls = {slot: maps.Controls(fk=("fk_" + name,)) for name, slot in own.items()}
    return rig, maps.BoneMap("by hand", plain.slots, controls, body="fk_" + HIPS)
