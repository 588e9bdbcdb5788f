"""GLB clips through bpy: a tiny library exported here by Blender, read back by the worker in its own process."""

import logging
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from backend.motion.kinematics import joint_positions
from training.data import sources
from training.data.clean import clean

BPY = Path(os.environ.get("POSEWRIGHT_BPY_PYTHON") or Path(__file__).parents[3] / ".venv" / "bpy45" / "bin" / "python")
pytestmark = pytest.mark.skipif(
    not BPY.exists(),
    reason=f"GLB is read by bpy and {BPY} is not there: run 'python3 build_addon.py test' or set POSEWRIGHT_BPY_PYTHON",
)

# A figure with KayKit's bone names facing -Y in Blender (+Z in glTF), a weapon bone scaled to nothing, and two actions:
# "Walking_A" (hips 1 m forward in a second, right arm raised, left one hanging) and "Vanish" (hips scaled away).
EXPORT = """
import os, sys, tempfile
os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="posewright_glb_test_")
import bpy
from mathutils import Matrix, Vector
bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
scene = bpy.context.scene
scene.render.fps = 30
BONES = {"root": (None, (0, 0, 0)), "hips": ("root", (0, 0, .9)), "spine": ("hips", (0, 0, 1.0)),
         "chest": ("spine", (0, 0, 1.2)), "head": ("chest", (0, 0, 1.5))}
for s, side in ((1, "l"), (-1, "r")):
    BONES |= {f"{name}.{side}": (parent if parent in BONES else f"{parent}.{side}", (x * s, y, z))
           for name, parent, x, y, z in (
            ("upperleg", "hips", .1, 0, .85), ("lowerleg", "upperleg", .1, 0, .45), ("foot", "lowerleg", .1, 0, .05),
            ("toes", "foot", .1, -.12, .02), ("upperarm", "chest", .2, 0, 1.4), ("lowerarm", "upperarm", .5, 0, 1.4),
            ("wrist", "lowerarm", .75, 0, 1.4), ("hand", "wrist", .8, 0, 1.4), ("handslot", "hand", .85, 0, 1.4))}
data = bpy.data.armatures.new("Rig")
rig = bpy.data.objects.new("Rig", data)
scene.collection.objects.link(rig)
bpy.context.view_layer.objects.active = rig
bpy.ops.object.mode_set(mode="EDIT")
for k, (name, (parent, head)) in enumerate(BONES.items()):
    bone = data.edit_bones.new(name)
    bone.head, bone.tail, bone.roll = head, Vector(head) + Vector((0, 0, .08)), .3 * k
    bone.parent = data.edit_bones[parent] if parent else None
bpy.ops.object.mode_set(mode="OBJECT")
heads = [head for _, head in BONES.values()]
mesh = bpy.data.meshes.new("Body")
corners = [(x + dx, y + dy, z) for x, y, z in heads for dx, dy in ((0, 0), (.02, 0), (0, .02))]
mesh.from_pydata(corners, [], [(3 * k, 3 * k + 1, 3 * k + 2) for k in range(len(heads))])
body = bpy.data.objects.new("Body", mesh)
scene.collection.objects.link(body)
body.parent = rig
for k, name in enumerate(BONES):
    body.vertex_groups.new(name=name).add([3 * k, 3 * k + 1, 3 * k + 2], 1.0, "REPLACE")
body.modifiers.new("Armature", "ARMATURE").object = rig
rig.animation_data_create()
def world(bone, matrix):  # put a pose bone where its rest matrix, moved by a world matrix about its head, is
    rest = rig.data.bones[bone].matrix_local
    about = Matrix.Translation(rest.translation)
    rig.pose.bones[bone].matrix_basis = rest.inverted() @ about @ matrix @ about.inverted() @ rest
for name in ("Walking_A", "Vanish"):
    action = bpy.data.actions.new(name)
    action.use_fake_user = True
    rig.animation_data.action = action
    for frame in (1, 16, 31):
        for bone in rig.pose.bones:
            bone.matrix_basis = Matrix()
            bone.rotation_mode = "QUATERNION"
        if name == "Walking_A":
            world("hips", Matrix.Translation((0, -(frame - 1) / 30, 0)))
            world("upperarm.l", Matrix.Rotation(1.3, 4, "Y"))
            world("upperarm.r", Matrix.Rotation(1.3, 4, "Y"))
        else:
            rig.pose.bones["hips"].scale = (1e-5,) * 3
        rig.pose.bones["handslot.r"].scale = (0, 0, 0)
        for bone in rig.pose.bones:
            for path in ("location", "rotation_quaternion", "scale"):
                bone.keyframe_insert(path, frame=frame)
bpy.ops.export_scene.gltf(filepath=sys.argv[1], export_animation_mode="ACTIONS", export_optimize_animation_size=False)
sys.stdout.flush()
os._exit(0)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A folder as the CC0 libraries come: <library>/<file>.glb."""
    folder = tmp_path_factory.mktemp("cc0")
    (folder / "kaykit").mkdir()
    script, target = folder / "export.py", folder / "kaykit" / "Med_Test.glb"
    script.write_text(EXPORT)
    done = subprocess.run([str(BPY), str(script), str(target)], capture_output=True, text=True, timeout=120)
    assert target.exists(), done.stdout[-2000:] + done.stderr[-2000:]
    return folder


def test_actions_become_takes(library, caplog):
    with caplog.at_level(logging.WARNING, "training.data.sources"):
        takes = list(sources.cc0(library, BPY))
    assert [(t.id, t.source, t.subject, t.label) for t in takes] == [("kaykit_Walking_A", "cc0", "kaykit", "Walking_A")]
    assert ["Vanish" in r.getMessage() for r in caplog.records] == [True]  # said, not silently dropped
    (take,) = takes
    skeleton = take.motion.skeleton
    assert take.motion.fps == 30 and len(take.motion) == 31 and not take.tpose_start
    assert "handslot.r" not in skeleton.names and "root" not in skeleton.names and skeleton.names[0] == "hips"
    positions = joint_positions(take.motion)
    np.testing.assert_allclose(positions[::15, 0], [[0, 0.9, z] for z in (0, 0.5, 1)], atol=1e-4)  # Y up, facing +Z
    wrists = [positions[10, skeleton.index(f"wrist.{side}")] - positions[10, 0] for side in "lr"]
    along, up = 0.55 * np.cos(1.3), 0.55 * np.sin(1.3)
    np.testing.assert_allclose(wrists, [[0.2 + along, 0.5 - up, 0], [-0.2 - along, 0.5 + up, 0]], atol=1e-3)

    clip = clean(take)
    at = clip.motion.skeleton.index
    cleaned = joint_positions(clip.motion)
    assert cleaned[..., 1].min() == pytest.approx(0.0, abs=0.02)
    assert cleaned[10, at("right_wrist"), 1] > cleaned[10, at("head"), 1] > cleaned[10, at("left_wrist"), 1]


def test_a_file_that_bpy_cannot_read_is_named(tmp_path):
    (tmp_path / "kaykit").mkdir()
    (tmp_path / "kaykit" / "broken.glb").write_bytes(b"glTF, but not really")
    with pytest.raises(RuntimeError, match="broken.glb"):
        list(sources.cc0(tmp_path, BPY))
