"""A character from the user's SMPL-X or SMPL-H body model: a mesh with its betas as shape keys, weights and armature.

The mesh keeps the model's own coordinates (turned to Z up); its object is lifted so that the lowest vertex stands on
the floor. The corrections that the model makes to the mesh in every pose are left out: skinning is linear, as in games.
"""

from __future__ import annotations

import bpy
import numpy as np

from ...backend.motion import axes
from ...backend.motion.body_model import BodyModel
from ..refusal import Refusal
from . import body as smplx_body
from .bones import ROOT, make_bones, place_bones

MOST_SHAPE = 5.0
"""slider range of the shape keys: betas count standard deviations of the people measured"""


def add_character(
    context: bpy.types.Context, model: BodyModel, betas=(), shape_keys: int = 10, name: str = "SMPL-X"
) -> bpy.types.Object:
    """The armature of a new character at the 3D cursor, active and selected; its mesh is its child.

    ``model`` has its faces; as many shape keys are made as are asked for, as ``betas`` has numbers, and at most as the
    model has. ValueError when ``betas`` has more. Whatever is raised, nothing is left behind.
    """
    shape = model.betas(betas)
    keys = min(max(shape_keys, len(betas)), len(shape))
    per_metre = 1.0 / context.scene.unit_settings.scale_length
    made = []
    context.view_layer.update()  # an active collection that was hidden makes way for one that is shown
    try:
        rig = bpy.data.objects.new(name, bpy.data.armatures.new(name))
        made += [rig.data, rig]
        mesh = bpy.data.meshes.new(f"{name} Body")
        made.append(mesh)
        body = bpy.data.objects.new(f"{name} Body", mesh)
        made.append(body)
        for thing in (rig, body):
            context.collection.objects.link(thing)
        _activate(context, rig)
        _fill_mesh(body, model, shape[:keys], per_metre)
        smplx_body.remember(mesh, model, keys)
        make_bones(rig, model.names, model.parents)
        _weight(body, model)
        body.parent = rig
        body.modifiers.new("Armature", "ARMATURE").object = rig
        fit_bones(context, rig)
        rig.location = context.scene.cursor.location
    except Exception:  # of whatever kind: half a character must not stay
        bpy.data.batch_remove([thing for thing in made if thing is not None])
        raise
    return rig


def fit_bones(context: bpy.types.Context, rig: bpy.types.Object) -> None:
    """Move the bones to where the joints are in the mesh's present shape, and the mesh onto the floor.

    ``rig`` is in Object Mode; Refusal when it was not made by ``add_character``.
    """
    body = smplx_body.mesh_of(rig)
    if body is None:
        raise Refusal(f"'{rig.name}' has no mesh that was made from an SMPL-X model. Use Add SMPL-X Character.")
    per_metre = 1.0 / context.scene.unit_settings.scale_length
    model = smplx_body.body_of(body.data)
    joints = axes.vectors_to_z_up(model.joints(smplx_body.betas_of(body.data))) * per_metre
    lift = np.array([0.0, 0.0, -_lowest(body.data)])
    body.location = lift
    place_bones(rig, model.names, model.parents, joints + lift, per_metre)


def _activate(context: bpy.types.Context, rig: bpy.types.Object) -> None:
    context.view_layer.update()  # else it does not know what was linked
    for other in context.selected_objects:
        other.select_set(False)
    rig.select_set(True)
    context.view_layer.objects.active = rig


def _fill_mesh(body: bpy.types.Object, model: BodyModel, betas, per_metre: float) -> None:
    """Vertices, faces and a shape key for each of ``betas``, set to it."""
    template = axes.vectors_to_z_up(model.template) * per_metre
    mesh = body.data
    mesh.from_pydata(template.tolist(), [], model.faces.tolist())
    mesh.validate()  # a file from elsewhere may name a vertex twice in one face
    mesh.shade_smooth()
    body.shape_key_add(name="Basis", from_mix=False)
    for number, beta in enumerate(betas):
        key = body.shape_key_add(name=smplx_body.shape_key(number), from_mix=False)
        moved = template + axes.vectors_to_z_up(model.shapes[:, :, number]) * per_metre
        key.data.foreach_set("co", moved.astype(np.float32).ravel())
        key.slider_min, key.slider_max = -MOST_SHAPE, MOST_SHAPE
        if abs(beta) > MOST_SHAPE:
            key.slider_min, key.slider_max = -abs(beta), abs(beta)
        key.value = beta
    mesh.update()


def _weight(body: bpy.types.Object, model: BodyModel) -> None:
    """One vertex group a joint, with the vertices that it moves."""
    body.vertex_groups.new(name=ROOT)
    for joint, name in enumerate(model.names):
        group = body.vertex_groups.new(name=name)
        weights = model.weights[:, joint]
        for vertex in np.flatnonzero(weights > 0.0).tolist():
            group.add((vertex,), float(weights[vertex]), "REPLACE")


def _lowest(mesh: bpy.types.Mesh) -> float:
    """Height of the lowest vertex in the present shape, in the mesh's own units."""
    basis = _heights(mesh.shape_keys.reference_key)
    now = basis.copy()
    for key in mesh.shape_keys.key_blocks[1:]:
        if not key.mute and key.value:
            now += key.value * (_heights(key) - basis)
    return float(now.min())


def _heights(key: bpy.types.ShapeKey) -> np.ndarray:
    points = np.empty(3 * len(key.data), np.float32)
    key.data.foreach_get("co", points)
    return points[2::3].astype(float)
