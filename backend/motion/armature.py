"""World transforms of an armature's bones, as Blender has them, to a Motion on a skeleton of the mapped bones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import axes, kinematics
from . import rotations as rot
from .bone_map import BoneMap
from .motion import Motion
from .skeleton import Skeleton

_NOTHING = 1e-3
"""share of its size at rest below which a bone is scaled away"""


@dataclass(frozen=True, eq=False)
class Armature:
    """``names`` and ``parents`` of J bones, -1 for none, parents first; ``rest`` (J, 3, 4): world transforms of the
    rest pose in Blender's axes, metres."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    rest: np.ndarray


class Mapped:
    """The bones of an armature that ``bone_map`` names and those between them, as a skeleton that hangs on the hips.

    Only these are read: props and helper bones are scaled to nothing in some libraries. ValueError for a rest pose that
    is no body.
    """

    def __init__(self, armature: Armature, bone_map: BoneMap):
        names, hips = armature.names, armature.names.index(bone_map.slots["pelvis"][0])
        wanted = [names.index(bone) for bones in bone_map.slots.values() for bone in bones]
        self.keep = _with_ancestors(wanted, hips, armature.parents)
        rest = axes.transforms_to_y_up(armature.rest[self.keep])
        if not np.isfinite(rest).all() or not np.all(np.linalg.det(rest[..., :3]) > 0):
            raise ValueError("bones of its rest pose are scaled to nothing or turned inside out")
        self.from_rest = np.linalg.inv(rest[..., :3])
        parents = tuple(-1 if j == hips else self.keep.index(armature.parents[j]) for j in self.keep)
        heads = rest[..., 3]
        offsets = np.array([np.zeros(3) if p < 0 else heads[i] - heads[p] for i, p in enumerate(parents)])
        self.skeleton = Skeleton("other", tuple(names[j] for j in self.keep), parents, offsets)

    def motion(self, posed: np.ndarray, fps) -> Motion:
        """``posed`` (T, J, 3, 4): world transforms of all bones of the armature. ValueError says what is wrong."""
        posed = axes.transforms_to_y_up(posed[:, self.keep])
        if not np.isfinite(posed).all():
            raise ValueError("holds NaN or infinite numbers")
        away = posed[..., :3] @ self.from_rest
        scale = np.cbrt(np.linalg.det(away))
        if not np.all(scale > _NOTHING):
            raise ValueError("its bones are scaled to nothing or turned inside out")
        local = kinematics.local_from_world(self.skeleton, rot.from_matrix(away / scale[..., None, None]))
        return Motion(self.skeleton, posed[:, 0, :, 3], local, fps)


def _with_ancestors(bones: list[int], root: int, parents) -> list[int]:
    """The bones and what lies between them and ``root``, parents first."""
    keep = {root}
    for j in bones:
        while j not in keep:
            keep.add(j)
            j = int(parents[j])
            if j < 0:
                raise ValueError("a mapped bone does not hang below the hips")
    return sorted(keep)
