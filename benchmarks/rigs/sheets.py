"""Contact sheets: a rig from the front and from the side, eight frames each of a walk, a wave, a sit and a turn.

Every figure is a copy of the evaluated mesh (or, without one, the bones as octahedra) put beside the others, so that
one rendering makes the sheet. Each stands on its own line, which is the rig's floor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector

from . import small_png
from .solids import FACES, octahedra

FRAMES = 8
WIDTH = 1600
COLUMN, ROW, MARGIN = 1.02, 1.16, 0.3
"""room of one figure and of what is written on the left, in heights of the rig"""
_WIDE = MARGIN + FRAMES * COLUMN
_SKULL = 1.12
"""how much higher than its last joint a body is"""
GREY, LINE = (0.62, 0.62, 0.6), (0.12, 0.12, 0.14)


@dataclass(frozen=True)
class Figure:
    """What of a rig is drawn: its ``meshes``, or ``bones`` where there are none. ``height`` in Blender units; ``yaw``
    radians about Z that turn it to face -Y; ``pelvis``: the bone that is kept over the figure's place."""

    rig: bpy.types.Object
    meshes: tuple[bpy.types.Object, ...]
    bones: tuple[str, ...]
    height: float
    floor: float
    yaw: float
    pelvis: str


def figure(rig: bpy.types.Object, pose, meshes: list[bpy.types.Object]) -> Figure:
    """How the rig of a ``RigPose`` is drawn."""
    pelvis = pose.bone_map.slots["pelvis"][0]
    above = {bone.name for bone in rig.data.bones[pelvis].parent_recursive}
    bones = [bone.name for bone in rig.data.bones if bone.use_deform and bone.name not in above]
    floor, head = (height / pose.space.unit for height in (pose.floor, pose.points["head"][1]))
    corners = [(mesh.matrix_world @ Vector(corner)).z for mesh in meshes for corner in mesh.bound_box]
    # soles are below the bones, which are all that the add-on knows
    floor, top = (min(corners), max(corners)) if corners else (floor, floor + _SKULL * (head - floor))
    return Figure(rig, tuple(meshes), () if meshes else tuple(bones), top - floor, floor, -pose.heading, pelvis)


class Sheet:
    """Figures that are added row by row, then rendered together."""

    def __init__(self, figure: Figure):
        self._figure = figure
        self._made: list[bpy.types.Object] = []
        self._rows = 0

    def add(self, name: str, frames: np.ndarray) -> None:
        """A motion as two rows, from the front and from the side: ``frames`` of the rig's active action."""
        for column, frame in enumerate(frames):
            bpy.context.scene.frame_set(int(frame))
            solids = list(self._solids())
            for row, turn in ((self._rows, 0.0), (self._rows + 1, math.pi / 2)):
                place = self._place(row, column, turn)
                for mesh, where in solids:
                    self._put(mesh, place @ where)
        for row, view in ((self._rows, "front"), (self._rows + 1, "side")):
            self._line(row)
            self._label(row, f"{name}, {view}")
        self._rows += 2

    def render(self, path: Path) -> None:
        """Write the sheet as a PNG of few greys."""
        for other in bpy.context.scene.objects:
            other.hide_render = other not in self._made
        tall, wide = self._rows * ROW * self._figure.height, _WIDE * self._figure.height
        scene = bpy.context.scene
        _camera(scene, wide, tall, self._figure.height)
        render = scene.render
        render.engine, render.film_transparent = "BLENDER_WORKBENCH", False
        render.resolution_x, render.resolution_y = WIDTH, round(WIDTH * tall / wide)
        render.resolution_percentage, render.dither_intensity = 100, 0.0
        _shading(scene)
        small_png.render(scene, path)

    def _solids(self):
        """(mesh, its place in the world) of the figure on the present frame."""
        graph = bpy.context.evaluated_depsgraph_get()
        for skin in self._figure.meshes:
            shown = skin.evaluated_get(graph)
            mesh = bpy.data.meshes.new_from_object(shown, depsgraph=graph)
            mesh.materials.clear()
            yield mesh, shown.matrix_world.copy()
        if self._figure.bones:
            shown = self._figure.rig.evaluated_get(graph)
            yield _bones(shown, self._figure), shown.matrix_world.copy()

    def _place(self, row: int, column: int, turn: float) -> Matrix:
        f = self._figure
        shown = f.rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        x, y, _ = shown.matrix_world @ shown.pose.bones[f.pelvis].head
        there = Vector(((MARGIN + (column + 0.5) * COLUMN) * f.height, 0.0, -(row + 0.9) * ROW * f.height))
        return (
            Matrix.Translation(there) @ Matrix.Rotation(f.yaw + turn, 4, "Z") @ Matrix.Translation((-x, -y, -f.floor))
        )

    def _put(self, data, where: Matrix) -> bpy.types.Object:
        thing = bpy.data.objects.new("Figure", data)
        thing.matrix_world = where
        thing.color = (*GREY, 1.0)
        bpy.context.scene.collection.objects.link(thing)
        self._made.append(thing)
        return thing

    def _line(self, row: int) -> None:
        h = self._figure.height
        mesh = bpy.data.meshes.new("Floor")
        y, x = h, _WIDE * h
        mesh.from_pydata([(0, y, 0), (x, y, 0), (x, y, -0.008 * h), (0, y, -0.008 * h)], [], [(0, 1, 2, 3)])
        self._put(mesh, Matrix.Translation((0, 0, -(row + 0.9) * ROW * h))).color = (*LINE, 1.0)

    def _label(self, row: int, text: str) -> None:
        h = self._figure.height
        curve = bpy.data.curves.new("Label", "FONT")
        curve.body, curve.size = text, 0.11 * h
        where = Matrix.Translation((0.03 * h, -2 * h, -(row + 0.14) * ROW * h)) @ Matrix.Rotation(math.pi / 2, 4, "X")
        self._put(curve, where).color = (*LINE, 1.0)


def draw(figure: Figure, rows: dict[str, Callable[[], np.ndarray]], path: Path) -> None:
    """The sheet of a rig. ``rows``: name -> puts the motion on the rig and says which scene frames to show."""
    sheet = Sheet(figure)
    for name, put in rows.items():
        sheet.add(name, put())
    sheet.render(path)


def _bones(shown: bpy.types.Object, drawn: Figure) -> bpy.types.Mesh:
    """The bones of an evaluated rig that are drawn as octahedra, in its own space."""
    posed = [shown.pose.bones[name] for name in drawn.bones]
    thick = 0.004 * drawn.height / shown.matrix_world.median_scale
    heads, tails = (np.array([getattr(bone, end) for bone in posed], float) for end in ("head", "tail"))
    corners = octahedra(heads, tails, np.array([bone.x_axis for bone in posed], float), thick)
    faces = np.concatenate([FACES + 6 * i for i in range(len(posed))])
    mesh = bpy.data.meshes.new("Bones")
    mesh.from_pydata(corners.reshape(-1, 3).tolist(), [], faces.tolist())
    return mesh


def _camera(scene, wide: float, tall: float, height: float) -> None:
    data = bpy.data.cameras.new("Camera")
    data.type, data.ortho_scale, data.clip_end = "ORTHO", max(wide, tall), 100 * height
    camera = bpy.data.objects.new("Camera", data)
    camera.location, camera.rotation_euler = (wide / 2, -20 * height, -tall / 2), (math.pi / 2, 0, 0)
    scene.collection.objects.link(camera)
    scene.camera = camera


def _shading(scene) -> None:
    shading = scene.display.shading
    shading.light, shading.color_type = "STUDIO", "OBJECT"
    scene.world = bpy.data.worlds.new("Paper")
    scene.world.color = (0.93, 0.93, 0.93)
    shading.show_object_outline, shading.object_outline_color = True, (0.25, 0.25, 0.28)
    shading.show_cavity, shading.cavity_type = True, "SCREEN"
    scene.display.render_aa = "5"
    scene.view_settings.view_transform = "Standard"
