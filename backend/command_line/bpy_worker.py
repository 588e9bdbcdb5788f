"""Runs inside bpy: the animations of an FBX or glTF file -> an NPZ for each of its armatures.

`python bpy_worker.py FILE FOLDER`. A process of its own, because bpy brings its own numpy and must be able to crash
alone. Imports nothing of ours.
"""

import os
import sys
import traceback

import bpy
import numpy as np

HAS_SLOTS = bpy.app.version >= (4, 4, 0)
GLTF_FPS = 30  # glTF counts seconds; an FBX says its frame rate
MOST_NUMBERS = 100_000_000


def leave(*error) -> None:
    """Ends the process at once: the 4.5 wheel can hang at exit, also after an error."""
    traceback.print_exception(*error)
    sys.stderr.flush()
    os._exit(1)


def load(path: str):
    """The scene with the file's armatures, whose actions nothing plays yet."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = GLTF_FPS, 1.0
    importer(path)(filepath=path)
    rigs = [o for o in scene.objects if o.type == "ARMATURE"]
    needed = {o for rig in rigs for o in chain(rig)}
    for thing in list(bpy.data.objects):
        if thing not in needed:
            bpy.data.objects.remove(thing)  # a skin would be bent anew on every frame
        elif thing.animation_data:
            thing.animation_data_clear()
    for rig in rigs:
        disconnect(rig)
    return scene, rigs


def importer(path: str):
    """The operator that reads such a file, the same that the add-on takes (``rig/sources/imported.py``)."""
    if not path.lower().endswith(".fbx"):
        return bpy.ops.import_scene.gltf
    # that of 4.5 loses how the thing moves that an armature hangs on
    return bpy.ops.wm.fbx_import if bpy.app.version >= (5, 0, 0) else bpy.ops.import_scene.fbx


def disconnect(rig) -> None:
    """Lets every bone move: the FBX importer ties a bone to a parent that ends where it begins, and a tied bone is only
    turned. Hips on a root bone would stay where they are."""
    if any(bone.use_connect for bone in rig.data.bones):
        bpy.context.view_layer.objects.active = rig
        bpy.ops.object.mode_set(mode="EDIT")
        for bone in rig.data.edit_bones:
            bone.use_connect = False
        bpy.ops.object.mode_set(mode="OBJECT")


def chain(rig) -> list:
    """The rig and what it hangs on."""
    return [rig, *chain(rig.parent)] if rig.parent else [rig]


def slot_of(owner, action):
    """The part of an action that moves ``owner``, or None: named like the object, or the action itself is."""
    slots = [s for s in action.slots if s.target_id_type == "OBJECT"]
    named = [s for s in slots if s.identifier == "OB" + owner.name]
    if not named and action.name.startswith(owner.name + "|"):
        named = slots
    return named[0] if named else None


def moves(owner, action) -> bool:
    """Whether ``action`` was made for ``owner``. Before slots (4.4) only its name said so: an object's name stands in
    front of it (FBX) or behind (glTF)."""
    if HAS_SLOTS:
        return slot_of(owner, action) is not None
    return action.name.startswith(owner.name + "|") or action.name.endswith("_" + owner.name)


def play(rig, action, base: dict) -> None:
    """Lets ``action`` move the rig and what it hangs on; what it has no channel for stands as in the file."""
    for owner in chain(rig):
        owner.animation_data_clear()
        owner.matrix_basis = base[owner]
        # an older importer makes an action an object, named <object>|<what all of them have>, or the other way round
        beside = owner.name + action.name.removeprefix(rig.name), action.name.removesuffix(rig.name) + owner.name
        found = next((a for a in (action, *map(bpy.data.actions.get, beside)) if a and moves(owner, a)), None)
        if found:
            owner.animation_data_create()
            owner.animation_data.action = found
            if HAS_SLOTS:
                owner.animation_data.action_slot = slot_of(owner, found)
    for bone in rig.pose.bones:
        bone.matrix_basis.identity()


def frames_of(scene, rig, first: int, last: int) -> np.ndarray:
    """World transform of every bone, (T, J, 3, 4), in the order of ``rig.pose.bones``."""
    out = np.empty((last - first + 1, len(rig.pose.bones), 3, 4), np.float32)
    flat = np.empty(len(rig.pose.bones) * 16, np.float32)
    for k in range(len(out)):
        scene.frame_set(first + k)
        rig.pose.bones.foreach_get("matrix", flat)
        columns = flat.reshape(-1, 4, 4).swapaxes(1, 2).astype(float)
        out[k] = (np.array(rig.matrix_world) @ columns)[:, :3]
    return out


def arrays_of(scene, rig, base: dict) -> dict:
    """The bones, their rest and every action of the rig, or the reason why an action is not there."""
    bones = list(rig.pose.bones)
    names = [b.name for b in bones]
    world = np.array(rig.matrix_world)
    out = {
        "names": np.array(names, str),
        "parents": np.array([names.index(b.parent.name) if b.parent else -1 for b in bones]),
        "rest": np.array([(world @ np.array(b.bone.matrix_local))[:3] for b in bones]),
        "tails": np.array([(world @ np.array([*b.bone.tail_local, 1.0]))[:3] for b in bones]),
        "deform": np.array([b.bone.use_deform for b in bones]),
        "fps": np.array([scene.render.fps, scene.render.fps_base], float),
    }
    actions, reasons = [], []
    for action in bpy.data.actions:
        if not moves(rig, action):
            continue
        first, last = (round(v) for v in action.frame_range)
        reason = ""
        if last <= first:
            reason = "one frame is no movement"
        elif (last - first + 1) * len(bones) * 12 > MOST_NUMBERS:
            reason = f"{last - first + 1} frames of {len(bones)} bones are too many to read"
        else:
            play(rig, action, base)
            out[f"action{len(actions)}"] = frames_of(scene, rig, first, last)
        actions.append(action.name)
        reasons.append(reason)
    return {**out, "actions": np.array(actions, str), "reasons": np.array(reasons, str)}


def main(source: str, target: str) -> None:
    scene, rigs = load(source)
    base = {o: o.matrix_basis.copy() for rig in rigs for o in chain(rig)}
    for k, rig in enumerate(rigs):
        np.savez(os.path.join(target, f"{k:04d}.npz"), **arrays_of(scene, rig, base))


if __name__ == "__main__":
    sys.excepthook = leave
    main(*sys.argv[1:3])
    sys.stdout.flush()
    os._exit(0)
