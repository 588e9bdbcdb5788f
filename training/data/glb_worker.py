"""Runs inside bpy: GLB animations -> one NPZ of world transforms per bone. `python glb_worker.py IN.glb OUT.npz`.

A process of its own, because bpy brings its own numpy and must be able to crash alone. Imports nothing of ours.
"""

import os
import sys
import tempfile

os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="posewright_glb_")

import bpy  # noqa: E402
import numpy as np  # noqa: E402

FPS = 30


def main(source: str, target: str) -> None:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = FPS, 1.0
    bpy.ops.import_scene.gltf(filepath=source)
    rig = max((o for o in scene.objects if o.type == "ARMATURE"), key=lambda o: len(o.data.bones))
    for track in list(rig.animation_data.nla_tracks) if rig.animation_data else []:
        rig.animation_data.nla_tracks.remove(track)
    bones = list(rig.data.bones)  # parents come before children
    names = [b.name for b in bones]
    world = np.array(rig.matrix_world)
    out = {
        "names": np.array(names),
        "parents": np.array([names.index(b.parent.name) if b.parent else -1 for b in bones]),
        "rest": np.stack([world @ np.array(b.matrix_local) for b in bones]),
    }
    actions = [a for a in bpy.data.actions if a.frame_range[1] > a.frame_range[0]]
    for action in actions:
        rig.animation_data_create()
        rig.animation_data.action = action
        if hasattr(rig.animation_data, "action_slot") and rig.animation_data.action_slot is None:
            rig.animation_data.action_slot = action.slots[0]
        for bone in rig.pose.bones:  # a channel that this action lacks must not keep the last action's value
            bone.matrix_basis.identity()
        first, last = (round(v) for v in action.frame_range)
        frames = []
        for frame in range(first, last + 1):
            scene.frame_set(frame)
            frames.append([world @ np.array(b.matrix) for b in rig.pose.bones])
        out["action:" + action.name.split("|")[-1]] = np.array(frames, dtype=np.float32)
    np.savez(target, **out)
    print(f"{source}: {len(actions)} actions")


if __name__ == "__main__":
    main(*sys.argv[1:3])
    sys.stdout.flush()
    os._exit(0)  # the 4.5 wheel can hang at exit
