"""Renders the contact sheet: frames of the posed, lit character side by side in one PNG (Cycles on the processor).

python -m demo.render CHARACTER.blend SHEET.png. Runs in a process of its own: a library that is missing for drawing may
abort it, and that must cost the picture alone. With two cores a second process renders every other frame.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector

TILES = 8
WIDTH, HEIGHT = 300, 460
SAMPLES = 6
# the camera looks from the front of the walk's side, a little from above
AZIMUTH, ELEVATION = math.radians(38), math.radians(9)
MARGIN = 1.10


def main(blend: Path, sheet: Path) -> None:
    """Render ``TILES`` frames spread over the file's action and write them as one picture."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    shares = min(2, cores)
    with tempfile.TemporaryDirectory(prefix="posewright-tiles-") as folder:
        task = [str(blend), folder, str(shares), str(max(1, cores // shares))]
        # most of a small picture's time runs on one core, so two processes are faster than two threads
        helpers = [
            subprocess.Popen([sys.executable, "-m", "demo.render", *task, str(share)]) for share in range(1, shares)
        ]
        try:
            render(*task, share=0)
            failed = [helper.returncode for helper in helpers if helper.wait()]
        finally:
            for helper in helpers:
                helper.kill()
        if failed:
            raise RuntimeError(f"the second rendering process ended with {failed[0]}; its output stands above")
        _save(np.concatenate([_pixels(str(_tile(folder, n))) for n in range(TILES)], axis=1), sheet)


def render(blend: str, folder: str, shares: str, threads: str, share: int) -> None:
    """Open the file, light it, render every ``shares``-th tile from number ``share`` on into ``folder``."""
    bpy.ops.wm.open_mainfile(filepath=blend)
    scene = bpy.context.scene
    armature = next(o for o in scene.objects if o.type == "ARMATURE")
    frames = np.linspace(scene.frame_start, scene.frame_end, TILES).round().astype(int)
    poses = [_box(scene, armature, int(frame)) for frame in frames]
    _studio(scene)
    scene.render.threads_mode, scene.render.threads = "FIXED", int(threads)
    camera = _camera(scene, poses)
    label = _label(scene, camera)
    rate = scene.render.fps / scene.render.fps_base
    for number in range(share, TILES, int(shares)):
        frame = int(frames[number])
        scene.frame_set(frame)
        _aim(camera, poses[number])
        label.data.body = f"{(frame - frames[0]) / rate:.1f} s"
        scene.render.filepath = str(_tile(folder, number))
        bpy.ops.render.render(write_still=True)
        print(f"> frame {frame} rendered ({number + 1} of {TILES})", flush=True)


def _tile(folder: str, number: int) -> Path:
    return Path(folder) / f"{number}.png"


def _box(scene, armature, frame: int) -> np.ndarray:
    """Ends of all bones (N, 3) in the world at a frame."""
    scene.frame_set(frame)
    ends = [end for bone in armature.pose.bones for end in (bone.head, bone.tail)]
    return np.array([armature.matrix_world @ end for end in ends])


def _studio(scene) -> None:
    """Floor with a grid of one metre, two suns and a sky."""
    bpy.ops.mesh.primitive_plane_add(size=2000, location=(0, 0, 0))
    bpy.context.object.data.materials.append(_floor())
    # suns light the whole floor alike, however far the path goes: strength, width in degrees, direction, colour
    suns = ((2.6, 5.0, (1.0, 1.1, -1.5), (1.0, 0.95, 0.87)), (0.5, 20.0, (-1.2, -0.4, -0.8), (0.75, 0.87, 1.0)))
    for strength, width, direction, colour in suns:
        light = bpy.data.lights.new("Sun", "SUN")
        light.energy, light.angle, light.color = strength, math.radians(width), colour
        lamp = bpy.data.objects.new("Sun", light)
        lamp.rotation_euler = Vector(direction).to_track_quat("-Z", "Y").to_euler()
        scene.collection.objects.link(lamp)
    world = bpy.data.worlds.new("Studio")
    world.use_nodes = True
    background = next(n for n in world.node_tree.nodes if n.type == "BACKGROUND")
    background.inputs["Color"].default_value = (0.62, 0.74, 0.88, 1)
    background.inputs["Strength"].default_value = 0.45
    scene.world = world
    render = scene.render
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = WIDTH, HEIGHT, 100
    render.image_settings.file_format = "PNG"
    render.use_persistent_data = True
    scene.cycles.device = "CPU"
    scene.cycles.samples = SAMPLES
    scene.cycles.use_denoising = True
    # the default quality takes more time than all the rest
    scene.cycles.denoising_quality = scene.cycles.denoising_prefilter = "FAST"
    scene.cycles.max_bounces = 2
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"


def _floor() -> bpy.types.Material:
    """Light grey with darker lines every metre, by which the eye sees that the character travels."""
    material = bpy.data.materials.new("Floor")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = next(n for n in nodes if n.type == "BSDF_PRINCIPLED")
    shader.inputs["Roughness"].default_value = 0.8
    bricks = nodes.new("ShaderNodeTexBrick")
    bricks.offset = 0
    bricks.inputs["Color1"].default_value = bricks.inputs["Color2"].default_value = (0.36, 0.365, 0.38, 1)
    bricks.inputs["Mortar"].default_value = (0.12, 0.13, 0.15, 1)
    for name, value in (("Scale", 1.0), ("Mortar Size", 0.012), ("Brick Width", 1.0), ("Row Height", 1.0)):
        bricks.inputs[name].default_value = value
    place = nodes.new("ShaderNodeNewGeometry")
    links.new(place.outputs["Position"], bricks.inputs["Vector"])
    links.new(bricks.outputs["Color"], shader.inputs["Base Color"])
    return material


def _camera(scene, poses: list[np.ndarray]):
    """One camera for all tiles, as far away as the tallest and widest pose needs."""
    data = bpy.data.cameras.new("Camera")
    data.lens, data.sensor_fit, data.sensor_height = 60, "VERTICAL", 24
    camera = bpy.data.objects.new("Camera", data)
    scene.collection.objects.link(camera)
    scene.camera = camera
    camera.rotation_euler = (math.pi / 2 - ELEVATION, 0, -AZIMUTH)
    tall = max(float(p[:, 2].max() - min(0.0, p[:, 2].min())) for p in poses) + 0.15
    wide = max(float(np.ptp(p[:, :2] @ (math.cos(AZIMUTH), -math.sin(AZIMUTH)))) for p in poses) + 0.25
    camera["span"] = max(tall, wide * HEIGHT / WIDTH) * MARGIN
    return camera


def _aim(camera, pose: np.ndarray) -> None:
    """Move the camera beside the pose, keeping its direction, so that every tile shows the person equally large."""
    span = camera["span"]
    low, high = pose.min(0), pose.max(0)
    target = Vector((*((low + high) / 2)[:2], min(0.0, float(low[2])) + span / 2 - 0.06 * span))
    distance = span / (camera.data.sensor_height / camera.data.lens)
    back = camera.rotation_euler.to_matrix() @ Vector((0, 0, 1))
    camera.location = target + back * distance


def _label(scene, camera):
    """Text at the lower left of the picture, lit by itself."""
    data = bpy.data.curves.new("Label", "FONT")
    data.size = 0.0155
    label = bpy.data.objects.new("Label", data)
    label.parent = camera
    half = camera.data.sensor_height / camera.data.lens / 2
    label.location = (-half * WIDTH / HEIGHT * 0.90, -half * 0.93, -1.0)
    label.scale = (half / 0.2,) * 3
    material = bpy.data.materials.new("Label")
    material.use_nodes = True
    nodes = material.node_tree.nodes
    light = nodes.new("ShaderNodeEmission")
    light.inputs["Color"].default_value = (0.02, 0.02, 0.03, 1)
    output = next(n for n in nodes if n.type == "OUTPUT_MATERIAL")
    material.node_tree.links.new(light.outputs[0], output.inputs["Surface"])
    data.materials.append(material)
    label.visible_shadow = False
    scene.collection.objects.link(label)
    return label


def _pixels(path: str) -> np.ndarray:
    """A PNG as (height, width, 4) floats, as stored."""
    image = bpy.data.images.load(path)
    image.colorspace_settings.name = "Non-Color"
    flat = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(flat)
    bpy.data.images.remove(image)
    return flat.reshape(HEIGHT, WIDTH, 4)


def _save(pixels: np.ndarray, path: Path) -> None:
    unfinished = path.with_name(f".{path.name}.unfinished.png")
    image = bpy.data.images.new("Sheet", pixels.shape[1], pixels.shape[0])
    image.pixels.foreach_set(np.ascontiguousarray(pixels, np.float32).ravel())
    image.filepath_raw, image.file_format = str(unfinished), "PNG"
    image.save()
    os.replace(unfinished, path)


if __name__ == "__main__":
    code = 0
    try:
        if len(sys.argv) == 3:
            main(Path(sys.argv[1]), Path(sys.argv[2]))
        else:
            render(*sys.argv[1:5], share=int(sys.argv[5]))
    except Exception:
        # whatever it was, the process must not hang at its end
        traceback.print_exc()
        code = 1
    # Blender 4.5 can hang while the interpreter ends; everything is written by now
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
