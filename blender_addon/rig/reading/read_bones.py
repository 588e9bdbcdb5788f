"""The bones that a bone map needs, as arrays."""

from __future__ import annotations

import bpy
import numpy as np

from ...backend.motion import rotations as rot
from ...backend.motion.bone_map import BoneMap
from ..bones import Bones, LockedChannels
from ..solving.constraints import Constraint, targets
from ..writing.channels import size_of
from .driven import Driven
from .held import Held
from .read_constraints import Reader


def read_bones(rig: bpy.types.Object, posed: bpy.types.Object, bone_map: BoneMap) -> Bones:
    """The mapped bones and those that these depend on; ``posed`` is the evaluated ``rig``."""
    driven = Driven(rig, bone_map.bones)
    reader, held = Reader(rig, posed, driven), Held(rig, posed, bone_map.bones, driven)
    acting: dict[str, tuple[Constraint, ...]] = {}
    settled = set()
    todo = list(bone_map.bones)
    while todo:
        name = todo.pop()
        if name in acting:
            continue
        if name in held:
            settled.add(name)
        acting[name] = () if name in settled else reader.of(name)
        above = rig.data.bones[name].parent
        todo += ([above.name] if above else []) + targets(acting[name])
    return _arrays(rig, posed, bone_map, acting, settled)


def _arrays(rig, posed, bone_map: BoneMap, acting: dict[str, tuple[Constraint, ...]], settled: set[str]) -> Bones:
    chosen = sorted((rig.data.bones[n] for n in acting), key=lambda b: len(b.parent_recursive))
    names = tuple(b.name for b in chosen)
    own = [rig.pose.bones[n] for n in names]
    index = {n: i for i, n in enumerate(names)}
    rest = np.array([b.matrix_local for b in chosen], float)
    basis = np.array([_basis(posed, n, n in settled) for n in names], float)
    lengths = np.maximum(np.linalg.norm(basis[:, :3, :3], axis=1, keepdims=True), 1e-12)
    turned = bone_map.calibration.rotations if bone_map.calibration else {}
    return Bones(
        names=names,
        parents=tuple(index[b.parent.name] if b.parent else -1 for b in chosen),
        rotation=rot.from_matrix(rest[:, :3, :3]),
        head=rest[:, :3, 3],
        length=np.array([b.length for b in chosen], float),
        reference=rot.normalize([turned.get(n, rot.IDENTITY) for n in names]),
        inherits_rotation=tuple(b.use_inherit_rotation for b in chosen),
        local_location=tuple(b.use_local_location for b in chosen),
        connected=tuple(b.use_connect for b in chosen),
        basis_rotation=rot.from_matrix(basis[:, :3, :3] / lengths),
        basis_location=basis[:, :3, 3],
        constraints=tuple(acting[n] for n in names),
        rotation_mode=tuple(p.rotation_mode for p in own),
        locks=tuple(map(_locks, own)),
    )


def _basis(posed: bpy.types.Object, name: str, settled: bool):
    """The bone's own channels; of a settled bone what its constraints make of them."""
    bone = posed.pose.bones[name]
    if not settled:
        return bone.matrix_basis
    return posed.convert_space(pose_bone=bone, matrix=bone.matrix, from_space="POSE", to_space="LOCAL")


def _locks(bone: bpy.types.PoseBone) -> LockedChannels:
    rotation = tuple(bone.lock_rotation)
    if size_of(bone.rotation_mode) == 4:
        # without "4D" Blender locks such a bone's rotation as if it were an Euler: w is never locked by itself
        rotation = (bone.lock_rotations_4d and bone.lock_rotation_w, *rotation)
    return LockedChannels(tuple(bone.lock_location), rotation)
