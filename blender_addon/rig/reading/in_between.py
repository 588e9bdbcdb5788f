"""What the animator has posed between the controls that a motion keys and the bones that follow them: heels and spins
of a foot in inverse kinematics, tweaks of a spine. No key replaces it, so it acts on top of the motion."""

from __future__ import annotations

from collections.abc import Collection

import bpy
import numpy as np

from ...backend.motion.bone_map import BoneMap
from .read_constraints import acting, chains, replaces, subtargets

_POSED = 1e-4
"""of the bone's own matrix: what is less was only rounded"""


def posed_in_between(posed: bpy.types.Object, bone_map: BoneMap, keyed: Collection[str]) -> list[str]:
    """The bones, without constraints of their own, that are not at rest; ``posed`` is the evaluated rig."""
    bones, bent = posed.pose.bones, chains(posed)

    def leads_to(name: str) -> list[str]:
        """What the bone hangs on or follows."""
        pulls = acting(bones[name]) + bent.get(name, [])
        last = max((i for i, c in enumerate(pulls) if replaces(c)), default=0)
        found = [b for c in pulls[last:] for b in subtargets(c) if b in bones]  # another armature has bones of its own
        above = bones[name].parent
        return found if above is None or (pulls and replaces(pulls[last])) else [above.name, *found]

    own = {bone for names in bone_map.slots.values() for bone in names}
    passed = _way(own - set(keyed), leads_to, keyed)
    free = [n for n in passed if n not in bent and not acting(bones[n]) and _is_posed(bones[n])]
    return sorted(n for n in free if any(b in keyed for a in _way({n}, leads_to, keyed) for b in leads_to(a)))


def _way(starts: Collection[str], leads_to, keyed: Collection[str]) -> set[str]:
    """All bones that ``leads_to`` comes to from ``starts``, these included, up to those with keys."""
    todo, seen = list(starts), set()
    while todo:
        name = todo.pop()
        if name not in seen and name not in keyed:
            seen.add(name)
            todo += leads_to(name)
    return seen


def _is_posed(bone: bpy.types.PoseBone) -> bool:
    return bool(np.abs(np.array(bone.matrix_basis) - np.eye(4)).max() > _POSED)
