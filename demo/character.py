"""A person of 1.75 m made by code: an armature with Mixamo's names in T-pose and a smooth, weighted mesh.

Blender's world: metres, Z up, facing -Y, the person's left at +X.
"""

from __future__ import annotations

import bpy
import numpy as np

from .surface import Blob, field, mesh, sample, shares

PREFIX = "mixamorig:"
CELL = 0.0105
JOIN = 0.016
SOFTNESS = 0.022

# bone: (parent, head, tail); the left side only, the right is its mirror image
CENTRE = {
    "Hips": (None, (0, 0.005, 0.960), (0, 0.008, 1.055)),
    "Spine": ("Hips", (0, 0.008, 1.055), (0, 0.014, 1.170)),
    "Spine1": ("Spine", (0, 0.014, 1.170), (0, 0.016, 1.290)),
    "Spine2": ("Spine1", (0, 0.016, 1.290), (0, 0.012, 1.468)),
    "Neck": ("Spine2", (0, 0.012, 1.468), (0, -0.004, 1.562)),
    "Head": ("Neck", (0, -0.004, 1.562), (0, -0.008, 1.750)),
}
LEFT = {
    "Shoulder": ("Spine2", (0.030, 0.010, 1.418), (0.172, 0.018, 1.424)),
    "Arm": ("LeftShoulder", (0.172, 0.018, 1.424), (0.448, 0.022, 1.424)),
    "ForeArm": ("LeftArm", (0.448, 0.022, 1.424), (0.695, 0.014, 1.424)),
    "Hand": ("LeftForeArm", (0.695, 0.014, 1.424), (0.780, 0.010, 1.422)),
    "UpLeg": ("Hips", (0.092, 0.004, 0.920), (0.096, -0.006, 0.505)),
    "Leg": ("LeftUpLeg", (0.096, -0.006, 0.505), (0.098, 0.024, 0.088)),
    "Foot": ("LeftLeg", (0.098, 0.024, 0.088), (0.100, -0.108, 0.028)),
    "ToeBase": ("LeftFoot", (0.100, -0.108, 0.028), (0.101, -0.178, 0.024)),
}

# bone, from, to, radius from, radius to, squash
TRUNK = [
    ("Hips", (-0.062, 0.010, 0.945), (0.062, 0.010, 0.945), 0.104, 0.104, (1.04, 0.94, 0.98)),
    ("Spine", (-0.056, 0.006, 1.075), (0.056, 0.006, 1.075), 0.088, 0.088, (1.0, 0.92, 1.15)),
    ("Spine1", (-0.066, 0.006, 1.190), (0.066, 0.006, 1.190), 0.094, 0.094, (1.0, 0.94, 1.1)),
    ("Spine2", (-0.080, 0.002, 1.310), (0.080, 0.002, 1.310), 0.104, 0.104, (1.0, 0.98, 1.05)),
    ("Spine2", (-0.078, 0.014, 1.385), (0.078, 0.014, 1.385), 0.074, 0.074, (1.0, 1.0, 1.0)),
    ("Neck", (0, 0.016, 1.440), (0, 0.000, 1.570), 0.058, 0.053, (1.0, 1.0, 1.0)),
    ("Head", (0, 0.008, 1.655), (0, 0.010, 1.662), 0.094, 0.092, (0.86, 1.03, 1.0)),
    ("Head", (0, -0.034, 1.580), (0, -0.036, 1.630), 0.049, 0.068, (0.92, 1.0, 1.0)),
    ("Head", (0, -0.096, 1.622), (0, -0.090, 1.648), 0.013, 0.008, (1.0, 1.0, 1.0)),
]
LIMB = [
    ("Shoulder", (0.030, 0.016, 1.446), (0.150, 0.017, 1.416), 0.046, 0.047, (1.0, 1.0, 1.0)),
    ("Arm", (0.168, 0.018, 1.419), (0.205, 0.018, 1.421), 0.054, 0.053, (1.0, 1.0, 1.0)),
    ("Arm", (0.200, 0.019, 1.422), (0.448, 0.022, 1.424), 0.050, 0.040, (1.0, 1.0, 1.0)),
    ("ForeArm", (0.448, 0.022, 1.424), (0.520, 0.020, 1.424), 0.041, 0.045, (1.0, 1.0, 1.0)),
    ("ForeArm", (0.520, 0.020, 1.424), (0.690, 0.014, 1.424), 0.044, 0.029, (1.0, 1.0, 1.0)),
    ("Hand", (0.725, 0.014, 1.423), (0.765, 0.012, 1.422), 0.037, 0.039, (1.0, 1.0, 0.52)),
    ("Hand", (0.775, 0.012, 1.420), (0.862, 0.012, 1.414), 0.035, 0.023, (1.0, 1.0, 0.5)),
    ("Hand", (0.722, -0.012, 1.418), (0.772, -0.052, 1.410), 0.019, 0.013, (1.0, 1.0, 1.0)),
    ("UpLeg", (0.082, 0.008, 0.900), (0.094, 0.000, 0.760), 0.094, 0.083, (1.0, 1.0, 1.0)),
    ("UpLeg", (0.094, 0.000, 0.760), (0.096, -0.006, 0.505), 0.082, 0.056, (1.0, 1.0, 1.0)),
    ("Leg", (0.096, -0.006, 0.505), (0.097, 0.016, 0.370), 0.055, 0.056, (1.0, 1.0, 1.0)),
    ("Leg", (0.097, 0.016, 0.370), (0.098, 0.026, 0.105), 0.055, 0.036, (1.0, 1.0, 1.0)),
    ("Foot", (0.098, 0.034, 0.062), (0.098, 0.022, 0.085), 0.046, 0.042, (0.9, 1.0, 1.0)),
    ("Foot", (0.098, 0.040, 0.042), (0.100, -0.095, 0.034), 0.043, 0.046, (0.96, 1.0, 0.9)),
    ("ToeBase", (0.100, -0.108, 0.032), (0.101, -0.160, 0.026), 0.046, 0.036, (1.0, 1.0, 0.84)),
]
# linear colours and roughness
MATERIALS = {
    "Skin": ((0.62, 0.33, 0.21, 1.0), 0.55),
    "Suit": ((0.02, 0.10, 0.20, 1.0), 0.65),
    "Accent": ((0.80, 0.17, 0.03, 1.0), 0.50),
}


def bones() -> dict[str, tuple[str | None, np.ndarray, np.ndarray]]:
    """Bone name without prefix -> (parent, head (3), tail (3)), parents first."""
    found = {name: (parent, np.array(head), np.array(tail)) for name, (parent, head, tail) in CENTRE.items()}
    for side, sign in (("Left", 1), ("Right", -1)):
        mirror = np.array([sign, 1, 1])
        for name, (parent, head, tail) in LEFT.items():
            found[side + name] = (parent.replace("Left", side), mirror * head, mirror * tail)
    return found


def blobs() -> list[Blob]:
    """The body's parts on both sides."""
    parts = [Blob(*part) for part in TRUNK]
    for side, sign in (("Left", 1), ("Right", -1)):
        for bone, a, b, radius_a, radius_b, squash in LIMB:
            ends = [(sign * x, y, z) for x, y, z in (a, b)]
            parts.append(Blob(side + bone, *ends, radius_a, radius_b, squash))
    return parts


def body() -> tuple[np.ndarray, np.ndarray, list[str], np.ndarray]:
    """Vertices (N, 3) in metres, quads (Q, 4), bone names (B) and weights (N, B)."""
    parts = blobs()
    low, high = np.array([-0.93, -0.27, -0.03]), np.array([0.93, 0.17, 1.80])
    # half a cell off the middle, so that the mesh is its own mirror image
    axes = [np.arange(a, b, CELL) for a, b in zip(low, high)]
    axes[0] = (np.arange(len(axes[0])) - (len(axes[0]) - 1) / 2) * CELL
    values = sample(lambda points: _solid(parts, points), axes)
    origin = np.array([a[0] for a in axes])
    vertices, quads = mesh(values, origin, CELL)
    names, weights = shares(parts, vertices, SOFTNESS)
    return vertices, quads, names, weights


def _solid(parts: list[Blob], points: np.ndarray) -> np.ndarray:
    """The body's signed distance (N,), its soles cut flat at the floor. Arms and legs of the two sides never melt."""
    sides = [[p for p in parts if not p.bone.startswith(other)] for other in ("Right", "Left")]
    values = np.full(len(points), np.inf)
    for side, half in zip(sides, (points[:, 0] >= 0, points[:, 0] < 0)):
        values[half] = field(side, points[half], JOIN)
    return np.maximum(values, -points[:, 2])


def make(scene: bpy.types.Scene) -> tuple[bpy.types.Object, bpy.types.Object]:
    """Link a new character to the scene: (armature, skinned mesh); the armature is active and selected."""
    armature = _armature(scene)
    vertices, quads, names, weights = body()
    data = bpy.data.meshes.new("Body")
    data.from_pydata(vertices.tolist(), [], quads.tolist())
    for material in _materials():
        data.materials.append(material)
    data.polygons.foreach_set("material_index", _material_of(vertices[quads].mean(1)).astype(np.int32))
    data.polygons.foreach_set("use_smooth", np.ones(len(quads), bool))
    data.update()
    skin = bpy.data.objects.new("Body", data)
    scene.collection.objects.link(skin)
    for column, name in enumerate(names):
        group = skin.vertex_groups.new(name=PREFIX + name)
        for vertex in np.flatnonzero(weights[:, column]):
            group.add([int(vertex)], float(weights[vertex, column]), "REPLACE")
    skin.parent = armature
    skin.modifiers.new("Armature", "ARMATURE").object = armature
    return armature, skin


def _armature(scene: bpy.types.Scene) -> bpy.types.Object:
    data = bpy.data.armatures.new("Character")
    armature = bpy.data.objects.new("Character", data)
    scene.collection.objects.link(armature)
    view_layer = bpy.context.view_layer
    for other in view_layer.objects.selected:
        other.select_set(False)
    view_layer.objects.active = armature
    armature.select_set(True)
    bpy.ops.object.mode_set(mode="EDIT")
    for name, (parent, head, tail) in bones().items():
        bone = data.edit_bones.new(PREFIX + name)
        bone.head, bone.tail = head, tail
        if parent:
            bone.parent = data.edit_bones[PREFIX + parent]
            bone.use_connect = bool(np.allclose(bone.parent.tail, head, atol=1e-6))
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


def _materials() -> list[bpy.types.Material]:
    made = []
    for name, (colour, roughness) in MATERIALS.items():
        material = bpy.data.materials.new(name)
        material.use_nodes = True
        shader = next(n for n in material.node_tree.nodes if n.type == "BSDF_PRINCIPLED")
        shader.inputs["Base Color"].default_value = colour
        shader.inputs["Roughness"].default_value = roughness
        material.diffuse_color = colour
        made.append(material)
    return made


def _material_of(centres: np.ndarray) -> np.ndarray:
    """Index into MATERIALS (Q,) for faces by place: head and hands bare, shoes, cuffs and collar in the accent."""
    x, z = np.abs(centres[:, 0]), centres[:, 2]
    found = np.ones(len(centres), int)
    found[(z > 1.517) & (x < 0.13) | (x > 0.70)] = 0
    found[(z < 0.10) | ((x > 0.672) & (x <= 0.70)) | ((z > 0.985) & (z < 1.018) & (x < 0.3))] = 2
    return found
