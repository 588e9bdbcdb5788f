"""Runs inside bpy: small animated figures as GLB and FBX, so that tests read what Blender itself wrote.

`python export_figures.py FOLDER`. In Blender's axes the figures face -Y, which is +Z in ours.
"""

import os
import sys
from pathlib import Path

import bpy
from mathutils import Matrix, Vector

KAYKIT = {"root": (None, (0, 0, 0)), "hips": ("root", (0, 0, 0.9)), "spine": ("hips", (0, 0, 1.0)),
          "chest": ("spine", (0, 0, 1.2)), "head": ("chest", (0, 0, 1.5))}  # fmt: skip
UNREAL = {"root": (None, (0, 0, 0)), "pelvis": ("root", (0, 0, 0.9)), "spine_01": ("pelvis", (0, 0, 1.0)),
          "spine_02": ("spine_01", (0, 0, 1.1)), "spine_03": ("spine_02", (0, 0, 1.25)),
          "neck_01": ("spine_03", (0, 0, 1.45)), "head": ("neck_01", (0, 0, 1.55))}  # fmt: skip
for sign, side in ((1, "l"), (-1, "r")):
    for name, parent, x, y, z in (
        ("upperleg", "hips", 0.1, 0, 0.85), ("lowerleg", "upperleg", 0.1, 0, 0.45), ("foot", "lowerleg", 0.1, 0, 0.05),
        ("toes", "foot", 0.1, -0.12, 0.02), ("upperarm", "chest", 0.2, 0, 1.4), ("lowerarm", "upperarm", 0.5, 0, 1.4),
        ("wrist", "lowerarm", 0.75, 0, 1.4), ("hand", "wrist", 0.8, 0, 1.4), ("handslot", "hand", 0.85, 0, 1.4),
    ):  # fmt: skip
        KAYKIT[f"{name}.{side}"] = (parent if parent in KAYKIT else f"{parent}.{side}", (x * sign, y, z))
    # an A-pose: the arms hang by 45 degrees, 0.3 and 0.25 m long
    for name, parent, x, y, z in (
        ("thigh", "pelvis", 0.1, 0, 0.85), ("calf", "thigh", 0.1, 0, 0.45), ("foot", "calf", 0.1, 0, 0.05),
        ("ball", "foot", 0.1, -0.12, 0.02),
        ("clavicle", "spine_03", 0.05, 0, 1.4), ("upperarm", "clavicle", 0.2, 0, 1.4),
        ("lowerarm", "upperarm", 0.2 + 0.3 * 0.5**0.5, 0, 1.4 - 0.3 * 0.5**0.5),
        ("hand", "lowerarm", 0.2 + 0.55 * 0.5**0.5, 0, 1.4 - 0.55 * 0.5**0.5),
    ):  # fmt: skip
        UNREAL[f"{name}_{side}"] = (parent if parent in UNREAL else f"{parent}_{side}", (x * sign, y, z))
BOX = {"lid": (None, (0, 0, 1)), "hinge": ("lid", (0, 0, 1.2))}


def fresh(fps):
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps = fps


def figure(bones, name="Rig"):
    """An armature of ``bones``, name -> (parent, head), with odd rolls and a skin, for only skins are exported."""
    scene = bpy.context.scene
    data = bpy.data.armatures.new(name)
    rig = bpy.data.objects.new(name, data)
    scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for k, (bone_name, (parent, head)) in enumerate(bones.items()):
        bone = data.edit_bones.new(bone_name)
        bone.head, bone.tail, bone.roll = head, Vector(head) + Vector((0, 0, 0.08)), 0.3 * k
        bone.parent = data.edit_bones[parent] if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    heads = [head for _, head in bones.values()]
    corners = [(x + dx, y + dy, z) for x, y, z in heads for dx, dy in ((0, 0), (0.02, 0), (0, 0.02))]
    mesh = bpy.data.meshes.new(name + " skin")
    mesh.from_pydata(corners, [], [(3 * k, 3 * k + 1, 3 * k + 2) for k in range(len(heads))])
    skin = bpy.data.objects.new(name + " skin", mesh)
    scene.collection.objects.link(skin)
    skin.parent = rig
    for k, bone_name in enumerate(bones):
        skin.vertex_groups.new(name=bone_name).add([3 * k, 3 * k + 1, 3 * k + 2], 1.0, "REPLACE")
    skin.modifiers.new("Armature", "ARMATURE").object = rig
    rig.animation_data_create()
    return rig


def turn(rig, bone, matrix):
    """Puts a pose bone where its rest matrix, moved by a world matrix about its head, is."""
    rest = rig.data.bones[bone].matrix_local
    about = Matrix.Translation(rest.translation)
    rig.pose.bones[bone].matrix_basis = rest.inverted() @ about @ matrix @ about.inverted() @ rest


def animate(rig, name, frames, pose):
    """An action keyed at ``frames``; ``pose(frame)`` sets the bones and the object from rest."""
    action = bpy.data.actions.new(name)
    action.use_fake_user = True
    rig.animation_data.action = action
    for frame in frames:
        rig.matrix_basis = Matrix()
        for bone in rig.pose.bones:
            bone.matrix_basis = Matrix()
            bone.rotation_mode = "QUATERNION"
        pose(frame)
        rig.keyframe_insert("location", frame=frame)
        for bone in rig.pose.bones:
            for path in ("location", "rotation_quaternion", "scale"):
                bone.keyframe_insert(path, frame=frame)


def forward(metres):
    return Matrix.Translation((0, -metres, 0))


def lower(degrees):
    """A turn about Blender's Y: what points to the left goes down by it, what points to the right up."""
    return Matrix.Rotation(degrees * 3.141592653589793 / 180, 4, "Y")


def kaykit(path):
    """Two actions. "Walking_A": 1 m forward in a second, right arm up, left arm down; "Vanish": scaled to nothing."""
    fresh(30)
    rig = figure(KAYKIT)

    def walking(frame):
        turn(rig, "hips", forward((frame - 1) / 30))
        turn(rig, "upperarm.l", lower(75))
        turn(rig, "upperarm.r", lower(75))
        rig.pose.bones["handslot.r"].scale = (0, 0, 0)

    def vanish(frame):
        rig.pose.bones["hips"].scale = (1e-5,) * 3

    animate(rig, "Walking_A", (1, 16, 31), walking)
    animate(rig, "Vanish", (1, 16, 31), vanish)
    glb(path)


def arms(rig):
    """Left arm down, right arm up, 75 degrees out of the level."""
    turn(rig, "upperarm_l", lower(30))
    turn(rig, "upperarm_r", lower(120))


def carried(path):
    """A figure on something that moves 3 m forward in a second, both in the one animation of the scene."""
    fresh(30)
    rig = figure(UNREAL)
    animate(rig, "Ride", (1, 31), lambda frame: arms(rig))
    scene = bpy.context.scene
    cart = bpy.data.objects.new("Cart", None)
    scene.collection.objects.link(cart)
    rig.parent = cart
    for frame in (1, 31):
        cart.location = (0, -(frame - 1) / 10, 0)
        cart.keyframe_insert("location", frame=frame)
    scene.frame_end = 31
    fbx(path, bake_anim_use_all_actions=False)


def unreal(path, fps, names=("Glide",)):
    """ "Glide": as KayKit's walk, out of an A-pose, one second at ``fps``; "Drive": the armature is moved, not its
    bones; "Still" has one frame."""
    fresh(fps)
    rig = figure(UNREAL)

    def glide(frame):
        turn(rig, "pelvis", forward((frame - 1) / fps))
        arms(rig)

    def drive(frame):
        rig.location = (0, -2 * (frame - 1) / fps, 0)
        arms(rig)

    made = {"Glide": ((1, 1 + fps), glide), "Drive": ((1, 1 + fps), drive), "Still": ((1,), glide)}
    for name in names:
        animate(rig, name, *made[name])
    glb(path) if path.endswith(".glb") else fbx(path)


def two_figures(path):
    """A box with a lid and a figure that is moved by its own action alone."""
    fresh(30)
    box, rig = figure(BOX, "Box"), figure(UNREAL, "Body")
    animate(box, "Open", (1, 11), lambda frame: turn(box, "hinge", lower(9 * (frame - 1))))
    animate(rig, "Bow", (1, 21), lambda frame: turn(rig, "spine_01", Matrix.Rotation(0.05 * (frame - 1), 4, "X")))
    glb(path)


def box(path):
    fresh(30)
    rig = figure(BOX, "Box")
    animate(rig, "Open", (1, 11), lambda frame: turn(rig, "hinge", lower(9 * (frame - 1))))
    glb(path)


def at_rest(path):
    fresh(30)
    figure(UNREAL)
    fbx(path)


def no_armature(path):
    fresh(30)
    bpy.ops.mesh.primitive_cube_add()
    fbx(path)


def glb(path):
    bpy.ops.export_scene.gltf(filepath=path, export_animation_mode="ACTIONS", export_optimize_animation_size=False)


def fbx(path, **options):
    bpy.ops.export_scene.fbx(filepath=path, add_leaf_bones=False, bake_anim_use_nla_strips=False, **options)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for name in ("library/kaykit", "user/ann"):
        (folder / name).mkdir(parents=True)
    kaykit(str(folder / "library" / "kaykit" / "Med_Test.glb"))
    own = folder / "user"
    unreal(str(own / "ann" / "GlideForward_01.glb"), 30)
    unreal(str(own / "moves.fbx"), 24, ("Glide", "Drive", "Still"))
    carried(str(own / "carried.fbx"))
    two_figures(str(own / "two_figures.glb"))
    box(str(own / "box.glb"))
    at_rest(str(own / "at_rest.fbx"))
    no_armature(str(own / "no_armature.fbx"))
    sys.stdout.flush()
    os._exit(0)
