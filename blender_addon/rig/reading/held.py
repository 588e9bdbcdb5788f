"""Bones that keep their place on their parent whatever the motion does, although constraints act on them.

Two kinds: bones that only the own channels of bones without keys act on (heel rolls, half copies of a control that
stands still), and bones that nothing with keys leads to at all. Reading where they are now says it all.
"""

from __future__ import annotations

import bpy

from .driven import Driven
from .read_constraints import acting, chains, subtargets, weighted


class Held:
    """``movers`` are the bones that a motion may key or carry along; ``posed`` is the evaluated ``rig``."""

    def __init__(self, rig: bpy.types.Object, posed: bpy.types.Object, movers: set[str], driven: Driven):
        self._inside, self._bones, self._movers = (None, rig, posed), posed.pose.bones, movers
        self._chains, self._driven = chains(posed), driven

    def __contains__(self, bone: str) -> bool:
        if not acting(self._bones[bone]) and bone not in self._chains:
            return False
        return self._walk(bone, self._local_targets) or self._walk(bone, self._all_targets)

    def _walk(self, bone: str, targets) -> bool:
        """Whether the way along ``targets`` (bone -> names, or None where it leads elsewhere) never meets a mover."""
        todo, seen = [bone], set()
        while todo:
            name = todo.pop()
            moved = (name != bone and name in self._movers) or self._is_driven(name)
            found = None if moved else targets(name)
            if found is None:
                return False
            seen.add(name)
            todo += [n for n in found if n not in seen]
        return True

    def _local_targets(self, name: str) -> list[str] | None:
        constraints = acting(self._bones[name])
        if name in self._chains or not all(_is_local(c) and self._is_inside(c) for c in constraints):
            return None
        return [c.subtarget for c in constraints if getattr(c, "subtarget", "")]

    def _all_targets(self, name: str) -> list[str] | None:
        constraints = acting(self._bones[name]) + self._chains.get(name, [])
        if not all(self._is_inside(c) for c in constraints):
            return None
        above = self._bones[name].parent
        return ([above.name] if above else []) + [b for c in constraints for b in subtargets(c)]

    def _is_driven(self, name: str) -> bool:
        return self._driven.bone(name) or any(self._driven.constraint(name, c.name) for c in acting(self._bones[name]))

    def _is_inside(self, c: bpy.types.Constraint) -> bool:
        objects = [getattr(c, "target", None), getattr(c, "pole_target", None), *(t.target for t in weighted(c))]
        return all(o in self._inside for o in objects)


def _is_local(c: bpy.types.Constraint) -> bool:
    if not c.type.startswith(("COPY_", "LIMIT_")) or c.type == "LIMIT_DISTANCE":
        return False
    return c.owner_space == "LOCAL" and (not getattr(c, "subtarget", "") or c.target_space == "LOCAL")
