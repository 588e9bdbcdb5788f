"""A rig at rest as plain data: what mapping needs to know of it, and nothing that posing changes."""

from __future__ import annotations

import bpy
import numpy as np

from ...backend.motion.rest_rig import RestRig
from ..smplx.body import mesh_of

_NOT_SWITCHES = ("rigify_parameters", "rigify_type")


def rest_rig(rig: bpy.types.Object) -> RestRig:
    """The armature's bones in armature space, parents first."""
    bones = sorted(rig.data.bones, key=lambda b: len(b.parent_recursive))
    index = {b.name: i for i, b in enumerate(bones)}
    return RestRig(
        tuple(index),
        tuple(index[b.parent.name] if b.parent else -1 for b in bones),
        np.array([b.head_local for b in bones], float).reshape(-1, 3),
        np.array([b.tail_local for b in bones], float).reshape(-1, 3),
        np.array([b.use_deform for b in bones], bool),
        labels(rig.data),
        _properties(rig),
        mesh_of(rig) is not None,
    )


def _properties(rig: bpy.types.Object) -> dict[str, tuple[str, ...]]:
    """Bone -> names of its custom properties that hold one number."""
    found = {}
    for bone in rig.pose.bones if rig.pose else ():
        names = tuple(k for k, v in bone.items() if isinstance(v, (bool, int, float)) and k not in _NOT_SWITCHES)
        if names:
            found[bone.name] = names
    return found


def labels(data: bpy.types.Armature) -> dict[str, str]:
    """Bone -> its name in the humanoid table that the VRM add-on keeps on the armature; empty without one."""
    table = getattr(data, "vrm_addon_extension", None)
    if table is None:
        return {}
    if getattr(table, "spec_version", "") == "1.0":
        bones = table.vrm1.humanoid.human_bones
        entries = [(_camel(p.identifier), getattr(bones, p.identifier)) for p in bones.bl_rna.properties]
    else:
        entries = [(entry.bone, entry) for entry in table.vrm0.humanoid.human_bones]
    named = {getattr(getattr(entry, "node", None), "bone_name", ""): label for label, entry in entries}
    return {bone: label for bone, label in named.items() if bone in data.bones}


def _camel(name: str) -> str:
    """From left_upper_leg to leftUpperLeg."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
