"""Run by a Python that can import bpy: FILE.glb OUT.npz FRAMES...; the mesh as Blender shows it at keys of the file.

A script of its own, because the tests run where torch is and bpy is not.
"""

import sys

import bpy
import numpy as np

source, out, *wanted = sys.argv[1:]
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.import_scene.gltf(filepath=source)
scene = bpy.context.scene
body = next(o for o in bpy.data.objects if o.type == "MESH" and o.find_armature())
(action,) = {o.animation_data.action for o in bpy.data.objects if o.animation_data and o.animation_data.action}
found = []
for frame in map(int, wanted):
    at = frame * scene.render.fps / 30  # the file has 30 keys a second
    scene.frame_set(int(at), subframe=at % 1)
    shown = body.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(3 * len(shown.data.vertices))
    shown.data.vertices.foreach_get("co", points)
    matrix = np.array(shown.matrix_world)
    found.append(points.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3])
np.savez(
    out,
    vertices=np.array(found),
    bones=np.array(body.find_armature().data.bones.keys()),
    seconds=action.frame_range[1] / scene.render.fps,
)
