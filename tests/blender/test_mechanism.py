"""Controls under mechanism bones with constraints: the keys bring them where they are wanted, in Blender's own eyes."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.blender import character
from tests.blender.measure import module

FRAMES = 5
BONES = {
    "root": (None, (0.0, 0.0, 0.0), (0.0, 0.4, 0.0)),
    "lead": ("root", (0.3, 0.1, 1.0), (0.3, 0.2, 1.5)),
    "still": ("root", (-0.4, 0.2, 0.8), (-0.4, 0.0, 1.1)),
    "above": ("root", (0.0, -0.1, 0.5), (0.2, 0.1, 0.9)),
    "mech": ("above", (0.1, 0.2, 0.9), (0.1, 0.5, 1.2)),
    "control": ("mech", (0.2, 0.3, 1.3), (0.3, 0.3, 1.6)),
}
"""bone -> parent, head, tail; "lead" and "control" are keyed, "mech" between them is not"""


@pytest.fixture
def rig(scene) -> bpy.types.Object:
    """It stands turned and sized in the world, with an odd pose on what is not keyed."""
    rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    bpy.context.collection.objects.link(rig)
    character.select(rig)
    bpy.ops.object.mode_set(mode="EDIT")
    for k, (name, (parent, head, tail)) in enumerate(BONES.items()):
        bone = rig.data.edit_bones.new(name)
        bone.head, bone.tail, bone.roll = head, tail, 0.7 * k
        if parent:
            bone.parent = rig.data.edit_bones[parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    rig.location, rig.rotation_euler, rig.scale = (1.0, 0.5, 0.2), (0.3, 0.2, 1.0), (2.0, 2.0, 2.0)
    for name, euler in (("above", (0.2, 0.1, 0.3)), ("mech", (0.1, 0.4, 0.2)), ("still", (0.3, 0.2, 0.1))):
        rig.pose.bones[name].rotation_mode = "XYZ"
        rig.pose.bones[name].rotation_euler = euler
        rig.pose.bones[name].location = (0.1, 0.05, -0.1)
    bpy.context.view_layer.update()
    return rig


def constrain(rig, kind: str, target: str = "lead", bone: str = "mech", **settings):
    c = rig.pose.bones[bone].constraints.new(kind)
    if target and hasattr(c, "target"):
        c.target, c.subtarget = rig, target
    for name, value in settings.items():
        setattr(c, name, value)
    return c


def child_of(rig, **settings) -> None:
    """Bound in another pose, as *Set Inverse* does it."""
    rig.pose.bones["lead"].location = (0.1, 0.3, 0.2)
    constrain(rig, "CHILD_OF", set_inverse_pending=True, **settings)
    bpy.context.view_layer.update()


def follow_an_empty(rig) -> None:
    empty = bpy.data.objects.new("Other", None)
    bpy.context.collection.objects.link(empty)
    constrain(rig, "COPY_LOCATION", None).target = empty


def turn_with(rig, bone: str) -> None:
    """A driver turns the mechanism as far as ``bone`` is moved."""
    driver = rig.pose.bones["mech"].driver_add("rotation_euler", 0).driver
    driver.type = "AVERAGE"
    variable = driver.variables.new()
    variable.targets[0].id, variable.targets[0].data_path = rig, f'pose.bones["{bone}"].location.x'


def wanted(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(T, 4) and (T, 3) in armature space."""
    random = np.random.default_rng(seed)
    turns = module("backend.motion.rotations").exp(random.normal(0, 0.8, (FRAMES, 3)))
    return turns, random.normal(0, 0.5, (FRAMES, 3))


def read(rig):
    bone_map = module("backend.motion.bone_map").BoneMap("mechanism", {"pelvis": ("lead",), "head": ("control",)})
    bpy.context.view_layer.update()
    posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return module("rig.reading.read_bones").read_bones(rig, posed, bone_map)


def solve(rig, known=None, anchor=None):
    """The keys of lead and control, what they bring (bone -> rotations, heads), and the reasons."""
    aims = {"lead": wanted(1), "control": wanted(2)}
    rotations, heads = ({b: aim[k] for b, aim in aims.items()} for k in (0, 1))
    keys, unsolved = module("rig.solving.mechanism").basis(read(rig), rotations, heads, known or {}, anchor)
    return {key.bone: key for key in keys}, aims, unsolved


def stands(rig, keys, bone: str, frame: int):
    """(rotation, head) of a bone in armature space, evaluated with the keys of a frame."""
    for name, key in keys.items():
        rig.pose.bones[name].rotation_quaternion = key.rotation[frame]
        if key.location is not None:
            rig.pose.bones[name].location = key.location[frame]
    bpy.context.view_layer.update()
    posed = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones[bone]
    return np.array(posed.matrix.to_quaternion()), np.array(posed.head)


def check(rig) -> None:
    keys, aims, unsolved = solve(rig)
    assert not unsolved
    rot = module("backend.motion.rotations")
    for frame in range(FRAMES):
        for bone, (rotations, heads) in aims.items():
            rotation, head = stands(rig, keys, bone, frame)
            assert rot.angle_between(rotation, rotations[frame]) < 2e-3
            assert np.linalg.norm(head - heads[frame]) < 1e-4


@pytest.mark.parametrize(
    "kind, settings",
    [
        ("COPY_TRANSFORMS", {}),
        ("COPY_TRANSFORMS", {"influence": 0.4}),
        ("COPY_TRANSFORMS", {"owner_space": "LOCAL", "target_space": "LOCAL", "influence": 0.6}),
        ("COPY_ROTATION", {"influence": 0.3}),
        ("COPY_ROTATION", {"owner_space": "LOCAL", "target_space": "LOCAL"}),
        ("COPY_ROTATION", {"owner_space": "POSE", "target_space": "POSE"}),
        ("COPY_LOCATION", {"head_tail": 0.7, "influence": 0.5}),
        ("COPY_SCALE", {}),
        ("LIMIT_DISTANCE", {"distance": 0.6, "limit_mode": "LIMITDIST_INSIDE"}),
        ("DAMPED_TRACK", {"influence": 0.0}),
        ("DAMPED_TRACK", {"mute": True}),
    ],
)
def test_constraints_of_a_parent(rig, kind, settings):
    constrain(rig, kind, **settings)
    check(rig)


@pytest.mark.parametrize("blend", [1.0, 0.8])
def test_a_child_of_another_bone(rig, blend):
    child_of(rig, influence=blend)
    check(rig)


@pytest.mark.parametrize("blend", [1.0, 0.5])
def test_a_parent_switch(rig, blend):
    c = rig.pose.bones["mech"].constraints.new("ARMATURE")
    c.influence = blend
    for bone, weight in (("lead", 1.0), ("still", 0.0)):
        pull = c.targets.new()
        pull.target, pull.subtarget, pull.weight = rig, bone, weight
    check(rig)
    c.targets[0].weight = 0.0  # the switch stands on nothing: Blender moves the bone no more
    check(rig)


def test_constraints_one_upon_the_other(rig):
    constrain(rig, "DAMPED_TRACK")
    constrain(rig, "COPY_TRANSFORMS", "still")
    constrain(rig, "COPY_ROTATION", influence=0.5)
    constrain(rig, "COPY_LOCATION", "lead", bone="above", influence=0.5)
    check(rig)


def test_a_driver_decides_the_influence(rig):
    c = constrain(rig, "COPY_TRANSFORMS", influence=0.2)
    rig["follow"] = 0.7
    driver = c.driver_add("influence").driver
    driver.type = "AVERAGE"
    variable = driver.variables.new()
    variable.targets[0].id, variable.targets[0].data_path = rig, '["follow"]'
    rig.update_tag()
    check(rig)


def test_a_driver_that_reads_what_stands_still(rig):
    turn_with(rig, "still")
    rig.pose.bones["still"].location.x = 0.8
    rig.update_tag()
    check(rig)


def test_limits_on_what_stands_still(rig):
    """Nothing keyed leads to them: whatever they do, they do as they do now."""
    limit = constrain(rig, "LIMIT_ROTATION", None, use_limit_x=True, max_x=0.05, owner_space="LOCAL")
    limit.use_limit_y = limit.use_limit_z = True
    constrain(rig, "COPY_ROTATION", "still", use_y=False, owner_space="LOCAL", target_space="LOCAL", influence=0.5)
    constrain(rig, "LIMIT_LOCATION", None, bone="above", use_max_z=True, max_z=0.2)
    constrain(rig, "DAMPED_TRACK", "still", bone="above")
    check(rig)


def test_bones_that_turn_alone_or_move_alone(rig):
    rig.data.bones["control"].use_inherit_rotation = False
    rig.data.bones["control"].use_local_location = False
    check(rig)


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda rig: constrain(rig, "DAMPED_TRACK"), "Damped Track"),
        (lambda rig: constrain(rig, "COPY_ROTATION", use_x=False), "copies 'lead'"),
        (lambda rig: constrain(rig, "IK", bone="mech", chain_count=2), "inverse kinematics"),
        (lambda rig: constrain(rig, "COPY_LOCATION", "control"), "circle"),
        (lambda rig: constrain(rig, "CHILD_OF", use_rotation_y=False), "in some channels only"),
        (follow_an_empty, "'Other', which is not part of the rig"),
        (lambda rig: turn_with(rig, "lead"), "driver that follows the pose"),
    ],
)
def test_what_cannot_be_told_is_named(rig, spoil, words):
    spoil(rig)
    keys, aims, unsolved = solve(rig)
    assert "lead" in keys and set(unsolved) == {"control"}
    assert words in unsolved["control"]
    # once the place of the parent is known, its constraints are nobody's business
    known = {"mech": (aims["lead"][0], aims["lead"][1])}
    assert solve(rig, known)[2] == {}


def test_the_anchor_is_brought_to_its_place(rig):
    """The control turns below the mechanism, which follows the lead: that is put where the control comes right."""
    child_of(rig)
    turn, goal = wanted(3)
    rotations = {"lead": wanted(1)[0], "control": turn}
    keys, unsolved = module("rig.solving.mechanism").basis(read(rig), rotations, {}, {}, ("lead", "control", goal))
    assert not unsolved
    keys = {key.bone: key for key in keys}
    for frame in range(FRAMES):
        assert np.linalg.norm(stands(rig, keys, "control", frame)[1] - goal[frame]) < 1e-4


def test_an_anchor_that_carries_nothing_is_named(rig):
    turn, goal = wanted(3)
    rotations = {"lead": wanted(1)[0], "control": turn}
    _, unsolved = module("rig.solving.mechanism").basis(read(rig), rotations, {}, {}, ("lead", "control", goal))
    assert unsolved == {"lead": "does not carry 'control' along"}
